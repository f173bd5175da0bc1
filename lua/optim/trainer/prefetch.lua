--- optim.prefetch(source, pool[, ahead]): a data source whose batches are made by the threads of a pool while training
-- goes on, in order. source: a data source (see optim.Batches), which goes to a thread with each job. pool: a number of
-- threads, for a pool that shares tensors and knows optim, or a pool of threads.Threads, which has to know what source
-- needs, or an object like one; ahead (twice pool.N): batches made in advance.
-- Random numbers that source draws for a batch depend on the random state at the epoch's start and the batch alone, so
-- they are the same whatever thread makes it, and in a resumed run.
--   local batches = optim.prefetch(optim.Batches{input = x, target = y, size = 100}, 2)
local errors = require 'torch.errors'
local torch = require 'torch'

local Prefetch = {}
Prefetch.__index = Prefetch

function Prefetch:size() return self.source:size() end

-- The next random number, which stays the next one.
local function peek_random()
  local state = torch.getRNGState()
  local number = torch.random()
  torch.setRNGState(state)
  return number
end

function Prefetch:start()
  self:drain()
  self.seed = peek_random()
  self.source:start()
end

-- Waits for the batches under way and forgets them.
function Prefetch:drain()
  if self.asked > self.dropped then self.pool:synchronize() end
  self.made, self.asked, self.dropped = {}, 0, 0
end

-- What a thread does; leaves its random state as it was.
local function make(source, seed, i)
  local state = torch.getRNGState()
  torch.manualSeed((seed + i) % 2 ^ 32)
  local input, target = source:get(i)
  torch.setRNGState(state)
  return input, target
end

local function ask(self, i)
  local made = self.made
  self.pool:addjob(make, function(input, target) made[i] = {input, target} end, self.source, self.seed, i)
  self.asked = i
end

function Prefetch:get(i)
  if i <= self.dropped or i > self.asked + 1 then
    self:drain()
    self.asked, self.dropped = i - 1, i - 1
  end
  while self.asked < math.min(self:size(), i + self.ahead) do ask(self, self.asked + 1) end
  while not self.made[i] do self.pool:dojob() end
  local batch = self.made[i]
  self.made[i], self.dropped = nil, i
  return batch[1], batch[2]
end

function Prefetch:state() return {seed = self.seed, source = self.source.state and self.source:state()} end

function Prefetch:restore(state)
  self:drain()
  self.seed = state.seed
  if self.source.restore then self.source:restore(state.source) else self.source:start() end
end

local function new_pool(n)
  local Threads = require('threads').Threads
  local before = Threads.serialization()
  Threads.serialization('threads.sharedserialize')
  local ok, pool = pcall(Threads, n, function() require 'optim' end)
  Threads.serialization(before)
  if not ok then error(pool, 0) end
  return pool
end

return function(source, pool, ahead)
  if type(source) ~= 'table' or not source.get then
    errors.fail('prefetch: expected a data source, got %s', type(source))
  end
  if type(pool) == 'number' then pool = new_pool(pool) end
  if type(pool) ~= 'table' or not pool.addjob then
    errors.fail('prefetch: expected a pool of threads or their number, got %s', type(pool))
  end
  ahead = ahead or 2 * (pool.N or 2)
  return setmetatable({source = source, pool = pool, ahead = ahead, seed = peek_random(), made = {}, asked = 0,
                       dropped = 0}, Prefetch)
end
