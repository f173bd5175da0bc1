--- tds.AtomicCounter: a count that threads share.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'tds.handle'

local methods = {}

--- counter:inc(): one more; gives the count before
function methods:inc() return tonumber(C.mt_counter_add(self.at, 1)) end

--- counter:get(): the count
function methods:get() return tonumber(C.mt_table_size(self.at)) end

--- counter:set(count)
function methods:set(count)
  if type(count) ~= 'number' or count ~= count or math.abs(count) > 2 ^ 53 then
    errors.fail('set: expected a whole number, got %s', tostring(count))
  end
  C.mt_counter_set(self.at, count)
end

local counter = {}

function counter:__index(name) -- luacheck: ignore self
  return methods[name] or errors.fail('tds.AtomicCounter has no method %s', tostring(name))
end

function counter:__tostring() return ('tds.AtomicCounter=%d'):format(self:get()) end

--- In files: the count.
function counter.write(self, file) file:writeLong(self:get()) end
function counter.read(self, file) self:set(file:readLong()) end

--- tds.AtomicCounter(): a new counter, at 0
--   local jobs = tds.AtomicCounter()
--   jobs:inc()
--   print(jobs:get())   -- 1
return handle.declare(C.MT_COUNTER, 'tds.AtomicCounter', counter, function(self) return self end)
