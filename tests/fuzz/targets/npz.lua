return require('fuzzing').reader('npz', require('torch').npz.decode)
