--- autograd.profile(f, …): runs f(…) and notes each op: how long it took and what memory it took.
--   local profile = autograd.profile(function() net:backward(x, criterion:backward(net:forward(x), y)) end)
--   print(profile)                   -- a table, the ops that take longest first
--   profile:trace('step.json')       -- for chrome://tracing or ui.perfetto.dev
-- Results of f are in profile.results. The clock is read twice an op, some 0.1 us, and ops run uncompiled.
local ffi = require 'ffi'
local torch = require 'torch'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local libc = require 'torch.libc'
local memory = require 'torch.memory'

local spec = ffi.new('long[2]')
local monotonic = ffi.os == 'OSX' and 6 or 1

local function now()
  libc.C.mt_c_clock(monotonic, spec)
  return tonumber(spec[0]) + tonumber(spec[1]) * 1e-9
end

-- The library's functions by themselves; pointwise ops, reductions and the like carry their op's number.
local numbered = {mt_pointwise = true, mt_reduce = true, mt_scan = true, mt_step = true}
local names = {}
for name in ffi.string(C.mt_header()):gmatch('\nint (mt_[%w_]+)%(') do
  local found, f = pcall(function() return C[name] end)
  if found then names[f] = name end
end

local function name_of(f, first)
  local name = names[f] or 'unknown'
  if numbered[name] then return ffi.string(C.mt_op_name(first)) end
  return (name:gsub('^mt_', ''))
end

-- The sizes of the tensors among the arguments.
local function shapes_of(...)
  local list = {}
  for i = 1, select('#', ...) do
    local x = select(i, ...)
    if handle.is_tensor(x) then list[#list + 1] = table.concat(x:size():totable(), 'x') end
  end
  return table.concat(list, ' ')
end

-- -- The record -------------------------------------------------------------------------------------------------

local Profile = {}
Profile.__index = Profile

--- Adds the ops up: a list of {name, calls, seconds, bytes}, longest first.
function Profile:sums()
  local by_name, list = {}, {}
  for _, event in ipairs(self.events) do
    local sum = by_name[event.name]
    if not sum then
      sum = {name = event.name, calls = 0, seconds = 0, bytes = 0}
      by_name[event.name], list[#list + 1] = sum, sum
    end
    sum.calls, sum.seconds, sum.bytes = sum.calls + 1, sum.seconds + event.seconds, sum.bytes + math.max(0, event.bytes)
  end
  table.sort(list, function(a, b) return a.seconds > b.seconds end)
  return list
end

function Profile:__tostring()
  local lines = {('%-24s %8s %12s %8s %12s'):format('op', 'calls', 'ms', 'share', 'taken MB')}
  local inside = 0
  for _, s in ipairs(self:sums()) do
    inside = inside + s.seconds
    lines[#lines + 1] = ('%-24s %8d %12.3f %7.1f%% %12.2f'):format(s.name, s.calls, s.seconds * 1e3,
                                                                 100 * s.seconds / self.seconds, s.bytes / 2 ^ 20)
  end
  lines[#lines + 1] = ('%-24s %8s %12.3f %7.1f%%'):format('outside ops', '', (self.seconds - inside) * 1e3,
                                                         100 * (1 - inside / self.seconds))
  return table.concat(lines, '\n')
end

local function escape(text) return (text:gsub('[%c"\\]', function(c) return ('\\u%04x'):format(c:byte()) end)) end

--- Writes the ops with their times and the sizes of their tensors as a trace that Chrome's viewer reads.
function Profile:trace(path)
  local file, reason = io.open(path, 'w')
  if not file then errors.fail('profile: cannot write %s', reason) end
  local rows = {}
  for i, e in ipairs(self.events) do
    rows[i] = ('{"name":"%s","ph":"X","pid":1,"tid":1,"ts":%.3f,"dur":%.3f,"args":{"sizes":"%s","bytes":%d}}'):format(
      escape(e.name), (e.start - self.start) * 1e6, e.seconds * 1e6, escape(e.shapes), e.bytes)
  end
  file:write('{"traceEvents":[\n', table.concat(rows, ',\n'), '\n],"displayTimeUnit":"ms"}\n')
  file:close()
end

-- -- Running ----------------------------------------------------------------------------------------------------

local function observe(events)
  local observer = memory.observer
  return function(f, ...)
    observer.call = nil
    local live, start = torch.memory().live, now()
    local ok, message = pcall(memory.call, f, ...)
    local seconds = now() - start
    events[#events + 1] = {name = name_of(f, ...), start = start, seconds = seconds, shapes = shapes_of(...),
                           bytes = torch.memory().live - live}
    observer.call = events.observe
    if not ok then error(message, 0) end
  end
end

return function(f, ...)
  local events = {}
  local profile = setmetatable({events = events}, Profile)
  local before = memory.observer.call
  events.observe = observe(events)
  memory.observer.call = events.observe
  profile.start = now()
  local function finish(ok, ...)
    memory.observer.call, events.observe = before, nil
    profile.seconds = now() - profile.start
    if not ok then error((...), 0) end
    profile.results = {...}
    return profile
  end
  return finish(pcall(f, ...))
end
