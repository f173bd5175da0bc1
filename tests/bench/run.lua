--- The benchmarks: our side and PyTorch's of each row, in turn in one run.
--   th tests/bench/run.lua [options] [NAME …]       rows whose name contains one of the words; all without a word
-- A row lives in two files of one name, GROUP.lua and GROUP.py, that do the same work. Each side runs in a process of
-- its own with the same number of threads; the runner asks them for a handful of steps in turn, so that both see the
-- same weather, and takes the median of the ratios. Peak memory is the process's, read at its end.
local here = arg[0]:match('^(.*/)') or './'
package.path = here .. '?.lua;' .. package.path

local torch = require 'torch'
local machine = require 'machine'
local pair = require 'pair'
local report = require 'report'

local cmd = torch.CmdLine()
cmd:text('usage: th tests/bench/run.lua [options] [NAME ...]')
cmd:text('Times our side and PyTorch\'s in turn. Options:')
cmd:option('--threads', torch.getnumthreads(), 'threads of each side')
cmd:option('--pairs', 9, 'how often each side is timed')
cmd:option('--seconds', 0.15, 'how long a side runs each time it is timed')
cmd:option('--peer', os.getenv('MOONTORCH_PEER') or 'python3', 'the Python that has PyTorch; "none": only our side')
cmd:option('--toy', false, 'tiny sizes: to see that everything runs')
cmd:option('--tsv', false, 'a row a line: name, ours ms, peer ms, ratio, our MB, peer MB')
cmd:option('--write', '', 'also write the table to this file, as Markdown')

local groups = {'tensors', 'matrix', 'bf16', 'optimisers', 'vision', 'sequences', 'files', 'start'}

-- Options and words may stand in any order.
local function split(words)
  local options, names, i = {}, {}, 1
  while words[i] do
    if words[i]:sub(1, 1) == '-' then
      options[#options + 1] = words[i]
      local flag = words[i] == '--toy' or words[i] == '--tsv' or words[i] == '--help'
      if not flag then
        options[#options + 1] = words[i + 1]
        i = i + 1
      end
    else
      names[#names + 1] = words[i]
    end
    i = i + 1
  end
  return options, names
end

local options, names = split(arg)
local opt = cmd:parse(options)

local function wanted(name)
  for _, word in ipairs(names) do
    if name:find(word, 1, true) then return true end
  end
  return #names == 0
end

local function run()
  local out = report.new(opt, machine.measure(opt))
  for _, group in ipairs(groups) do
    for _, row in ipairs(require(group)) do
      local name = group .. '/' .. row.name
      if wanted(name) then out:add(name, row, pair.time(group, row, opt, here)) end
    end
  end
  return out:finish()
end

os.exit(run() and 0 or 1)
