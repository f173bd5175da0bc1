-- Through a file, so that it is mapped.
return require('fuzzing').file_reader('safetensors', require('torch').safetensors.load)
