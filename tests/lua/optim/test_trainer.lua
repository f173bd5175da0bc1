--- The training loop: what it reports, when it stops, and that an interruption leaves no trace.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local optim = require 'optim'
local paths = require 'paths'

torch.setdefaulttensortype('torch.DoubleTensor')

local function folder()
  local name = os.tmpname()
  os.remove(name)
  return name
end

local function problem(settings)
  torch.manualSeed(5)
  local x = torch.randn(40, 4)
  local y = (x:narrow(2, 1, 1):gt(0):long() + 1):view(40)
  local all = {
    model = nn.Sequential():add(nn.Linear(4, 2)):add(nn.LogSoftMax()), criterion = nn.ClassNLLCriterion(),
    data = optim.Batches {input = x, target = y, size = 16, shuffle = true},
    validation = optim.Batches {input = x, target = y, size = 20}, epochs = 5, config = {learningRate = 0.5},
    progress = false,
    metrics = {accuracy = function(output, target)
      local _, guess = output:max(2)
      return guess:view(-1):eq(target):double():mean()
    end},
  }
  for name, value in pairs(settings or {}) do all[name] = value end
  return optim.Trainer(all), all
end

t.test('a run learns, reports and calls its hooks', function()
  local calls = {start = 0, step = 0, epoch = 0, stop = 0}
  local on = {}
  for name in pairs(calls) do on[name] = function() calls[name] = calls[name] + 1 end end
  local trainer = problem({on = on}):run()
  t.eq(calls, {start = 1, step = 15, epoch = 5, stop = 1})
  t.eq(#trainer.history, 5)
  local first, last = trainer.history[1], trainer.history[5]
  assert(last.loss < first.loss and last.validation < first.validation and last.accuracy > 0.8)
  t.eq({last.epoch, last.step, trainer.step}, {5, 15, 15})
end)

t.test('it stops early, by loss or by a metric, and when told to', function()
  local trainer = problem({config = {learningRate = 0}, patience = 2, epochs = 50}):run()
  t.eq(#trainer.history, 3)
  trainer = problem({config = {learningRate = 0}, patience = 3, epochs = 50, best_by = 'accuracy'}):run()
  t.eq(#trainer.history, 4)
  trainer = problem({on = {step = function(self) if self.step == 4 then self:halt() end end}}):run()
  t.eq(trainer.step, 4)
end)

t.test('settings that cannot be', function()
  t.raises('there is no setting epoch', problem, {epoch = 3})
  t.raises('expected epochs to be a number, got a string', problem, {epochs = '3'})
  t.raises('expected a model', optim.Trainer, {})
  t.raises('Batches: expected 40 examples in target, got 3', optim.Batches,
           {input = torch.ones(40, 2), target = torch.ones(3)})
  t.raises('there is no metric f1', function() problem({best_by = 'f1'}):run() end)
end)

t.test('batches: order, remainders, tables, transforms', function()
  local b = optim.Batches {input = {torch.range(1, 5), torch.range(6, 10)}, target = torch.range(1, 5), size = 2}
  b:start()
  t.eq(b:size(), 3)
  local input, target = b:get(3)
  t.eq({input[1]:totable(), input[2]:totable(), target:totable()}, {{5}, {10}, {5}})
  t.eq(optim.Batches({input = torch.range(1, 5), size = 2, partial = false}):size(), 2)
  local seen = {}
  b = optim.Batches {input = torch.range(1, 5), size = 2, shuffle = true, transform = function(x) return x * 10 end}
  b:start()
  for i = 1, 3 do
    local part = b:get(i)
    for k = 1, part:size(1) do seen[part[k]] = true end
  end
  t.eq(seen, {[10] = true, [20] = true, [30] = true, [40] = true, [50] = true})
  t.raises('there is no batch 4, only 3', function() b:get(4) end)
end)

-- A pool that runs its jobs when it is waited for, the latest first: the worst order there can be.
local function lazy_pool()
  local jobs = {}
  local pool = {N = 2, most = 0}
  function pool:addjob(job, done, ...)
    jobs[#jobs + 1] = {job, done, ...}
    self.most = math.max(self.most, #jobs)
  end
  function pool:dojob()
    local job = assert(table.remove(jobs), 'nothing to wait for')
    job[2](job[1](unpack(job, 3)))
  end
  function pool:synchronize() while #jobs > 0 do self:dojob() end end
  return pool
end

t.test('prefetched batches come in order, also after a jump, and are forgotten at a new start', function()
  local pool = lazy_pool()
  local batches = optim.Batches {input = torch.range(1, 10), target = torch.range(11, 20), size = 2}
  local source = optim.prefetch(batches, pool)
  for _ = 1, 2 do
    source:start()
    for i = 1, 5 do
      local input, target = source:get(i)
      t.eq({input:totable(), target:totable()}, {{2 * i - 1, 2 * i}, {2 * i + 9, 2 * i + 10}})
    end
  end
  source:start()
  t.eq(source:get(1):totable(), {1, 2})
  t.eq(source:get(4):totable(), {7, 8})
  t.eq(source:get(2):totable(), {3, 4})
  assert(pool.most <= 5 and pool.most > 1, pool.most)
  local trainer = problem()
  local plain = trainer:run().history[5].loss
  local _, settings = problem()
  settings.data = optim.prefetch(settings.data, lazy_pool())
  t.eq(optim.Trainer(settings):run().history[5].loss, plain)
  t.raises('expected a data source', optim.prefetch, {}, pool)
  t.raises('expected a pool of threads or their number, got table', optim.prefetch, settings.data, {})
  t.raises('expected a number of threads from 1 to 1024, got 0', optim.prefetch, settings.data, 0)
end)

-- Batches with noise, made by threads.
local function noisy(threads, settings)
  local _, all = problem(settings)
  all.data.transform = function(x, y) return x + torch.randn(x:size()) * 0.1, y end
  all.data = optim.prefetch(all.data, threads)
  return optim.Trainer(all), all.data.pool
end

t.test('threads make the batches: their number and an interruption change no bit of the losses', function()
  local function losses(trainer)
    local list = {}
    for i, report in ipairs(trainer.history) do list[i] = report.loss end
    return list
  end
  local alone, pool = noisy(1)
  local whole = losses(alone:run())
  pool:terminate()
  local place = folder()
  local first, first_pool = noisy(3, {folder = place, every = 1, on = {step = function(trainer)
    if trainer.step == 8 then trainer:halt() end -- in the middle of an epoch of three
  end}})
  first:run()
  first_pool:terminate()
  local second, second_pool = noisy(2, {folder = place})
  t.eq(losses(second:run()), whole)
  second_pool:terminate()
  paths.rmall(place, 'yes')
  local plain = problem():run()
  t.ok(losses(plain)[5] ~= whole[5], 'the noise counts')
end)

t.test('the record is CSV and survives being resumed; old checkpoints go', function()
  local place = folder()
  problem({folder = place, epochs = 2}):run()
  problem({folder = place, epochs = 5, keep = 2}):run()
  local lines = {}
  for line in io.lines(place .. '/log.csv') do lines[#lines + 1] = line end
  t.eq(lines[1], 'epoch,step,rate,loss,validation,accuracy')
  t.eq(#lines, 6)
  assert(lines[6]:match('^5,15,0.5,[%d.e-]+,[%d.e-]+,[%d.e-]+$'), lines[6])
  local names = {}
  for _, name in ipairs(paths.dir(place)) do
    if name:find('checkpoint') then names[#names + 1] = name end
  end
  table.sort(names)
  t.eq(names, {'checkpoint-000012.t7', 'checkpoint-000015.t7'})
  paths.rmall(place, 'yes')
end)

t.test('event files: records with their checksums', function()
  local place = folder()
  local events = optim.Events(place)
  events:add('loss', 0.5, 300)
  events:close()
  local file = assert(io.open(events.path, 'rb'))
  local bytes = file:read('*a')
  file:close()
  -- the first length, 26, and its masked CRC-32C, as TensorFlow's record writer gives it
  t.eq(bytes:sub(1, 8), '\26' .. ('\0'):rep(7))
  t.eq(bytes:sub(9, 12), '\018\155\216\045')
  assert(bytes:find('\10\11\10\4loss\21\0\0\0\63', 1, true), 'the value 0.5 of loss')
  assert(bytes:find('\16\172\2', 1, true), 'step 300')
  paths.rmall(place, 'yes')
end)

t.test('charts and clocks', function()
  local lines = {}
  for line in (optim.chart({{name = 'a', values = {4, 3, 2, 1}}}, 8, 4) .. '\n'):gmatch('(.-)\n') do
    lines[#lines + 1] = line
  end
  t.eq(lines[1], '         4 │●●')
  t.eq(lines[4], '         1 │      ●●')
  t.eq(lines[5], (' '):rep(12) .. '● a')
  t.eq({optim.clock(65), optim.clock(7385)}, {'1:05', '2:03:05'})
end)

-- -- Interruption -----------------------------------------------------------------------------------------------

local runs = tonumber(os.getenv('MT_KILLS') or '') or 3

-- Starts the run and gives its lines; with a step given, it is killed a moment after that step has been printed.
local function lines_of(place, every, kill_at)
  local pipe = assert(io.popen(('echo $$; exec luajit tests/lua/optim/training_run.lua %s %d'):format(place, every)))
  local pid, lines = pipe:read('*l'), {}
  for line in pipe:lines() do
    lines[#lines + 1] = line
    if tonumber(line:match('^%d+')) == kill_at then os.execute('kill -9 ' .. pid) end
  end
  pipe:close()
  return lines
end

t.test('killed at any step and resumed, the losses are the same to the last bit', function()
  local whole_place = folder()
  local whole = lines_of(whole_place, 3)
  t.eq(#whole, 48)
  paths.rmall(whole_place, 'yes')
  math.randomseed(os.time())
  for _ = 1, runs do
    local place, every = folder(), math.random(1, 5)
    local at = math.random(every + 1, 40)   -- a step is told before its checkpoint is written
    local before = lines_of(place, every, at)
    assert(#before < 48, 'it was not killed')
    local after = lines_of(place, every)
    assert(#after < 48, 'it did not resume')
    for _, line in ipairs(after) do t.eq(line, whole[tonumber(line:match('^%d+'))], 'killed at ' .. at) end
    t.eq(after[#after], whole[48])
    paths.rmall(place, 'yes')
  end
end)
