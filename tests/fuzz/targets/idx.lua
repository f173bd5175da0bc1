return require('fuzzing').file_reader('idx', require('dataset').idx)
