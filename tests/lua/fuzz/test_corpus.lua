--- Every input of tests/fuzz/corpus goes through its target: those that began the search, and those that once found
-- something. What was found may not come back; nor may an input make tensors of more than 16 times its size.
local t = require 'harness'
local torch = require 'torch'
local files = require 'files'

local folder = debug.getinfo(1, 'S').source:match('^@(.*/)') .. '../../fuzz/'

local function list(command)
  local pipe, lines = io.popen(command), {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

local spare = 16 * 2 ^ 20 -- as in tests/fuzz/harness.c

local function run(target, path)
  local bytes = files.content(path)
  torch.C.mt_memory_reset_peak(torch.C.MT_CPU)
  local live = torch.memory().live
  target(bytes)
  local peak = torch.memory().peak - live
  t.ok(peak <= 16 * #bytes + spare, path .. ' makes tensors of ' .. peak .. ' bytes')
end

for _, file in ipairs(list("ls '" .. folder .. "targets'")) do
  local name = file:match('^(.*)%.lua$')
  t.test(name, function()
    if name == 'hdf5' and not pcall(require, 'hdf5') then t.skip('libhdf5 is not installed') end
    local target = dofile(folder .. 'targets/' .. file)
    local inputs = list(("find '%scorpus/%s' -type f | sort"):format(folder, name))
    t.ok(#inputs > 0, 'inputs of ' .. name)
    for _, path in ipairs(inputs) do run(target, path) end
  end)
end
