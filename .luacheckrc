std = 'luajit'
max_line_length = 120
ignore = { '212/self', '212/_.*' }

-- Scripts for th find these, as in Torch7.
local given = { 'torch', 'nn', 'optim', 'cutorch', 'paths', 'sys', 'xlua', 'hdf5', 'graph', 'nngraph', 'dpnn', 'rnn' }
files['tests'].read_globals = given
files['tutorials'].read_globals = given
-- Rows of ops are read with these in reach, as in lua/torch/ops.
files['tests/new_op'].read_globals = { 'row', 'F', 'unary', 'binary' }
-- A package's own global is set in its init.lua and read in its other files.
for _, name in ipairs { 'nn', 'optim', 'cutorch', 'graph', 'nngraph', 'dpnn', 'rnn' } do
  files['lua/' .. name].read_globals = { name }
  files['lua/' .. name .. '/init.lua'].globals = { name }
end
-- Jobs of threads keep things in the globals of their states.
files['tests/lua/threads'].globals = { 'first', 'kept', 'load_batch' }
files['tests/lua/threads'].read_globals = { '__threadid' }
files['lua/nngraph'].read_globals = { 'nngraph', 'nn', 'graph' }
files['lua/dpnn'].read_globals = { 'dpnn', 'nn' }
files['lua/rnn'].read_globals = { 'rnn', 'nn' }
files['lua/rnn/init.lua'].globals = { 'rnn' }
