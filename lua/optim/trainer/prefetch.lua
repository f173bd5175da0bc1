--- optim.prefetch(source, pool[, ahead]): a data source whose batches are made by the threads of a pool while training
-- goes on, in order. source: a data source (see optim.Batches); pool: an object with addjob(job, done), dojob() and
-- synchronize() as Torch7's threads.Threads has them; ahead (twice pool.N): batches made in advance.
-- source goes to a thread with each job: let the pool share tensors rather than copy them.
--   local batches = optim.prefetch(optim.Batches{input = x, target = y, size = 100}, pool)
local errors = require 'torch.errors'

local Prefetch = {}
Prefetch.__index = Prefetch

function Prefetch:size() return self.source:size() end

function Prefetch:start()
  self:drain()
  self.source:start()
end

-- Waits for the batches under way and forgets them.
function Prefetch:drain()
  if self.asked > self.dropped then self.pool:synchronize() end
  self.made, self.asked, self.dropped = {}, 0, 0
end

local function ask(self, i)
  local source, made = self.source, self.made
  self.pool:addjob(function() return source:get(i) end, function(input, target) made[i] = {input, target} end)
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

function Prefetch:state() return self.source.state and self.source:state() end

function Prefetch:restore(state)
  self:drain()
  self.source:restore(state)
end

return function(source, pool, ahead)
  if type(source) ~= 'table' or not source.get then
    errors.fail('prefetch: expected a data source, got %s', type(source))
  end
  if type(pool) ~= 'table' or not pool.addjob then
    errors.fail('prefetch: expected a pool of threads, got %s', type(pool))
  end
  ahead = ahead or 2 * (pool.N or 2)
  return setmetatable({source = source, pool = pool, ahead = ahead, made = {}, asked = 0, dropped = 0}, Prefetch)
end
