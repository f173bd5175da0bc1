--- What a tape knows of writes in place: which parts of which memory ops have written while it was open.
-- An op that has written into memory has one result there; other views of it, read where they overlap, would lose its
-- gradient, so that is refused. Views made from the result afterwards are known to the tape, under later slots.
local errors = require 'torch.errors'
local handle = require 'torch.handle'

local memory_of, layout = handle.memory_address, handle.layout

local writes = {}

-- The first and the last place of t in its memory.
local function extent(t)
  local l = layout(t)
  local first = tonumber(l.offset)
  local last = first
  for d = 0, l.dim - 1 do last = last + (tonumber(l.size[d]) - 1) * tonumber(l.stride[d]) end
  return first, last
end

--- Refuses an op of a tape that reads t where another handle's write overlaps.
function writes.refuse_overlap(tape, row, t)
  local list = tape.written[memory_of(t)]
  if not list then return end
  local slot, first, last = tape.slot[t] or 0, extent(t)
  for i = #list, 1, -1 do
    local write = list[i]
    if write.out ~= t and slot <= write.slot and first <= write.last and last >= write.first then
      errors.fail('%s: this tensor shares memory with a result that %s wrote in place while recording; ' ..
                  'use the result itself, or clone', row.name, write.name)
    end
  end
end

local most_writes = 64 -- that are told apart within one memory

-- Two writes as one, whose results are no longer to be read.
local function merged(a, b)
  return {out = false, slot = math.max(a.slot, b.slot), name = b.name, first = math.min(a.first, b.first),
          last = math.max(a.last, b.last)}
end

--- Notes that an op has written out; it is the tape's newest entry.
function writes.note(tape, row, out)
  local at, first, last = memory_of(out), extent(out)
  local list = tape.written[at] or {}
  tape.written[at], tape.any_written = list, true
  for i = #list, 1, -1 do
    if list[i].first == first and list[i].last == last then
      table.remove(list, i)
      break
    end
  end
  if #list == most_writes then list[1] = merged(list[1], table.remove(list, 2)) end
  list[#list + 1] = {out = out, slot = tape.n, name = row.name, first = first, last = last}
end

return writes
