return require('fuzzing').reader('npy', require('torch').npy.decode)
