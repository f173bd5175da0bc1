--- The benchmarks run, at toy size and without a peer; what they measure is of no interest here.
local t = require 'harness'

t.test('every row runs and is reported', function()
  local run = 'OMP_NUM_THREADS=1 build/bin/th tests/bench/run.lua --toy --tsv --threads 1 --peer none 2>&1'
  local pipe = assert(io.popen(run))
  local rows, names = 0, {}
  for line in pipe:lines() do
    local name, ours, megabytes = line:match('^([^\t]+)\t([%d.e+-]+)\t%-?nan\t%-?nan\t([%d.]+)\t%-?nan$')
    assert(name and tonumber(ours) > 0 and tonumber(megabytes) > 0, line)
    assert(not names[name], name .. ' is there twice')
    names[name], rows = true, rows + 1
  end
  pipe:close()
  assert(rows > 40, rows .. ' rows')
end)
