return require('fuzzing').reader('pickle', require('torch').pickle.decode)
