--- What the threads of a pool do: take a job from their own lane or the common one, do it, and put the results into the
-- last lane.
local C = require 'torch.ffi'
local T = require 'threads.ffi'
local class = require 'torch.class'
local lanes = require 'threads.lanes'
local memory = require 'torch.memory'
local sync = require 'threads.sync'

local loop = {}

-- Errors as text, with where they arose; those that are no strings have no place.
local function describe(problem)
  if type(problem) ~= 'string' then
    local mt = getmetatable(problem)
    problem = type(mt) == 'table' and mt.__tostring and tostring(problem) or
              ('(error object is a %s value)'):format(class.type(problem))
  end
  local text = debug.traceback(problem, 2) -- a tail call would leave out the first level
  return text
end

local function answer(ok, ...)
  if not ok then return {ok = false, message = (...)} end
  return {ok = true, n = select('#', ...), ...}
end

local function perform(serialize, slot)
  return answer(xpcall(function()
    local job = lanes.load(slot, serialize)
    lanes.clear(slot) -- what it carries is held by the job alone now
    return job.callback(unpack(job, 1, job.n))
  end, describe))
end

local function pack_answer(serialize, result, id)
  result.thread = id
  local ok, packed = xpcall(serialize.save, describe, result)
  if ok then return packed end
  return serialize.save {ok = false, message = packed, thread = id}
end

--- Runs thread number id of a pool, until its queue is closed and empty.
-- queue: the number of the pool's queue; last: that lane; serialization: the name of the module.
function loop.run(queue, id, last, serialization)
  C.mt_set_threads(1) -- the pool's threads share the machine
  rawset(_G, '__threadid', id)
  require('threads.threads').serialization(serialization)
  local serialize = require(serialization)
  local handle, slot = sync.find(queue, C.MT_QUEUE), lanes.slot()
  while lanes.fill(slot, handle.at, id, 0, memory.relieve) do
    local job = tonumber(slot.tag[0])
    local result = pack_answer(serialize, perform(serialize, slot), id)
    lanes.clear(slot) -- of a job that could not be loaded
    lanes.push(handle.at, last, serialize, result, job)
    T.mt_worker_beat()
  end
  handle:free()
end

return loop
