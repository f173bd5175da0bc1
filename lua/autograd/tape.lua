--- The tape: history as parallel arrays, and the walk back over them.
-- Tensors carry no history. A tape gives a slot to each handle it knows: those it was told to watch, and the results of
-- ops on them. Entry n says which row made slot n from which slots, and holds the values that the rules read.
local handle = require 'torch.handle'
local errors = require 'torch.errors'
local op = require 'torch.op'
local C = require 'torch.ffi'
local writes = require 'autograd.writes'

errors.package()

local F, state = op.F, op.state
local version, memory_of = handle.version, handle.memory_address
local table_clear = require 'table.clear'
local refuse_overlap, note_write = writes.refuse_overlap, writes.note

local Tape = {}
Tape.__index = Tape

local arrays = {'row', 'out', 'a', 'b', 'c', 'p', 'q', 'r', 's', 'slot_a', 'slot_b', 'slot_c',
                'version_a', 'version_b', 'version_c', 'version_out'}

local function new()
  local tape = {n = 0, slot = {}, tracked = {}, written = {}, any_written = false, numbers = {}, any_number = false}
  for _, name in ipairs(arrays) do tape[name] = {} end
  return setmetatable(tape, Tape)
end

--- Forgets everything, keeping the tables. Results of ops give their memory back when release is true: recorded ones,
-- and those that a tape with the list loose has noted.
function Tape:clear(release)
  if release then
    local loose = self.loose
    for i = loose and #loose or 0, 1, -1 do
      C.mt_tensor_release(loose[i])
      loose[i] = nil
    end
    for i = 1, self.n do
      local row = self.row[i]
      if row then
        C.mt_tensor_release(self.out[i])
        for name in pairs(row.owned) do C.mt_tensor_release(self[name][i]) end
      end
    end
  end
  for i = 1, #arrays do table_clear(self[arrays[i]]) end
  table_clear(self.slot)
  table_clear(self.written)
  table_clear(self.tracked)
  table_clear(self.numbers)
  self.n, self.any_written, self.any_number = 0, false, false
end

--- Gives t a slot, so that ops on it are recorded.
function Tape:watch(t)
  if not self.slot[t] then
    local n = self.n + 1
    self.n, self.slot[t], self.row[n], self.out[n] = n, n, false, t
    self.tracked[memory_of(t)] = true
  end
  return t
end

-- -- Numbers ----------------------------------------------------------------------------------------------------
-- Where Torch7 gives a number, torch.sum(x) or x[i], recording needs a tensor of one element. The tape notes which ones
-- stand for numbers: they scale where vectors would make an inner product, and leave the function as numbers.

--- Notes that t, when this tape records it, stands for a number, and gives it; nil when it is not recorded.
function Tape:as_number(t)
  local n = self.slot[t]
  if not n then return nil end
  self.numbers[n], self.any_number = true, true
  return t
end

--- Whether t stands for a number on this tape.
function Tape:is_number(t)
  return self.any_number and self.numbers[self.slot[t]] ~= nil
end

-- A pointwise op on numbers alone makes a number.
local function note_number(self, n, row, a, b, c, sa, sb, sc)
  local numbers = self.numbers
  if row.run and (not a or numbers[sa]) and (not b or numbers[sb]) and (not c or numbers[sc]) then numbers[n] = true end
end

-- -- Recording --------------------------------------------------------------------------------------------------

local function slots_of(slot, list)
  local slots, any = {}, false
  for i = 1, #list do
    slots[i] = slot[list[i]] or 0
    any = any or slots[i] > 0
  end
  return any and slots
end

-- The version of t that the op read. When the op has overwritten it, that is the one before.
local function version_read(t, out, into)
  local v = version(t)
  if into and memory_of(t) == memory_of(out) then v = v - 1 end
  return v
end

-- Refuses operands that another handle's write has changed. To make a view of memory that is no result is not to read
-- it: it may be made to write there, too. reads: whether the op surely reads a.
local function refuse_written(self, row, out, a, b, c, reads)
  if row.inputs == 'list' then
    for i = 1, #a do refuse_overlap(self, row, a[i]) end
  elseif a and (reads or memory_of(out) ~= memory_of(a)) then
    refuse_overlap(self, row, a)
  end
  if b then refuse_overlap(self, row, b) end
  if c then refuse_overlap(self, row, c) end
end

--- While these are functions, tapes show them each result and gradient; see autograd/anomaly.lua.
local guard = {result = nil, gradient = nil}

--- Called by every op while this tape is open; see torch.op.
function Tape:append(row, out, a, b, c, p, q, r, s, into)
  local slot = self.slot
  if guard.result then guard.result(row, out, a, b, c, into) end
  local sa, sb, sc
  if row.inputs == 'list' then sa = slots_of(slot, a) else sa = a and slot[a] end
  sb, sc = b and slot[b], c and slot[c]
  if self.any_written then refuse_written(self, row, out, a, b, c, sa or into) end
  if not (sa or sb or sc) or not row.vjp then
    if slot[out] then slot[out] = nil end
    if into then
      if self.tracked[memory_of(out)] then note_write(self, row, out) end
    elseif self.loose then
      self.loose[#self.loose + 1] = out
    end
    return
  end
  local n = self.n + 1
  self.n, slot[out] = n, n
  self.row[n], self.out[n] = row, out
  self.a[n], self.b[n], self.c[n] = a or false, b or false, c or false
  self.p[n], self.q[n], self.r[n], self.s[n] = p or false, q or false, r or false, s or false
  self.slot_a[n], self.slot_b[n], self.slot_c[n] = sa or 0, sb or 0, sc or 0
  self.version_a[n] = row.any_reads.a and a and version_read(a, out, into) or 0
  self.version_b[n] = row.any_reads.b and b and version_read(b, out, into) or 0
  self.version_c[n] = row.any_reads.c and c and version_read(c, out, into) or 0
  self.version_out[n] = row.any_reads.out and version(out) or 0
  self.tracked[memory_of(out)] = true
  if self.any_number then note_number(self, n, row, a, b, c, sa, sb, sc) end
  if into then note_write(self, row, out) end
end

-- -- Going back -------------------------------------------------------------------------------------------------

local function refuse_stale(row, what)
  errors.fail('%s: its gradient needs %s, which was changed in place after it was recorded', row.name, what)
end

local named = {a = 'its first operand', b = 'its second operand', c = 'its third operand', out = 'its result'}

-- Only what the rules of the wanted inputs read matters.
local function check_versions(self, n, row, needed)
  for i = 1, 3 do
    local slot = i == 1 and self.slot_a[n] or i == 2 and self.slot_b[n] or self.slot_c[n]
    if needed[slot] then
      for name in pairs(row.reads[i]) do
        local value = self[name][n]
        local stale = value and version(value) ~= self['version_' .. name][n]
        if stale and not (self.unchecked and self.unchecked[memory_of(value)]) then refuse_stale(row, named[name]) end
      end
    end
  end
end

-- Broadcasting is undone here and nowhere else.
local function accumulate(grads, slot, g, input, row, from)
  if slot == 0 or not g then return end
  if guard.gradient then guard.gradient(row, g, from) end
  g = F.sum_to(g, input)
  local before = grads[slot]
  grads[slot] = before and F.add(before, g) or g
end

local function back_list(self, n, row, g, grads)
  local parts = row.vjp_list(g, self.out[n], self.a[n], self.p[n], self.q[n], self.r[n], self.s[n])
  for i, slot in ipairs(self.slot_a[n]) do accumulate(grads, slot, parts[i], self.a[n][i], row, g) end
end

-- The gradient of input i, whose rule takes g and the others. Where the caller takes the sum of that input's gradients
-- elsewhere (into), and the row can add to it, that is done.
local function back_rule(grads, row, i, slot, input, into, g, ...)
  local sink = into and into[slot]
  local add = sink and row.add and row.add[i]
  if add and not guard.gradient then return add(sink.to, sink.scale, g, ...) end
  return accumulate(grads, slot, row.vjp[i](g, ...), input, row, g)
end

local function back_rules(self, n, row, g, grads, needed, into)
  local out, a, b, c, p, q, r, s =
    self.out[n], self.a[n], self.b[n], self.c[n], self.p[n], self.q[n], self.r[n], self.s[n]
  local sa, sb, sc, inputs, rules = self.slot_a[n], self.slot_b[n], self.slot_c[n], row.inputs, row.vjp
  if inputs == 1 then
    if needed[sa] and rules[1] then back_rule(grads, row, 1, sa, a, into, g, out, a, p, q, r, s) end
  elseif inputs == 2 then
    if needed[sa] and rules[1] then back_rule(grads, row, 1, sa, a, into, g, out, a, b, p, q, r, s) end
    if needed[sb] and rules[2] then back_rule(grads, row, 2, sb, b, into, g, out, a, b, p, q, r, s) end
  else
    if needed[sa] and rules[1] then back_rule(grads, row, 1, sa, a, into, g, out, a, b, c, p, q, r, s) end
    if needed[sb] and rules[2] then back_rule(grads, row, 2, sb, b, into, g, out, a, b, c, p, q, r, s) end
    if needed[sc] and rules[3] then back_rule(grads, row, 3, sc, c, into, g, out, a, b, c, p, q, r, s) end
  end
end

local function back_fast(self, n, row, g, grads, needed)
  local a, b, c, sa, sb, sc = self.a[n], self.b[n], self.c[n], self.slot_a[n], self.slot_b[n], self.slot_c[n]
  local need = (needed[sa] and 1 or 0) + (needed[sb] and 2 or 0) + (needed[sc] and 4 or 0)
  local out, p, q, r, s, ga, gb, gc = self.out[n], self.p[n], self.q[n], self.r[n], self.s[n]
  if row.inputs == 1 then
    ga = row.fast(need, g, out, a, p, q, r, s)
  elseif row.inputs == 2 then
    ga, gb = row.fast(need, g, out, a, b, p, q, r, s)
  else
    ga, gb, gc = row.fast(need, g, out, a, b, c, p, q, r, s)
  end
  if needed[sa] then accumulate(grads, sa, ga, a, row, g) end
  if needed[sb] then accumulate(grads, sb, gb, b, row, g) end
  if needed[sc] then accumulate(grads, sc, gc, c, row, g) end
end

-- The slots of xs, and all slots that lie between them and y.
local function mark(self, last, xs)
  local needed, slot_a, slot_b, slot_c, row = {}, self.slot_a, self.slot_b, self.slot_c, self.row
  local wanted = {}
  for i = 1, #xs do
    local slot = self.slot[xs[i]]
    if slot then needed[slot], wanted[slot] = true, true end
  end
  for n = 1, last do
    if row[n] and not needed[n] then
      local sa = slot_a[n]
      if type(sa) == 'table' then
        for i = 1, #sa do needed[n] = needed[n] or needed[sa[i]] end
      elseif needed[sa] or needed[slot_b[n]] or needed[slot_c[n]] then
        needed[n] = true
      end
    end
  end
  return needed, wanted
end

--- The gradients of y by each of xs, given g, the gradient by y itself; y and g may be lists of equal length, whose
-- gradients add up. A tensor that y does not depend on gets nil.
-- create: the walk back is recorded on this tape too, so that its results can be differentiated again.
-- apart: xs are taken as independent of each other, even where this tape knows how one was made from another.
-- into: by x, where its gradient may be added instead: {to = a tensor of its sizes, scale = a number}. What is added
-- there is missing in the results, which are to be added as well.
function Tape:grad(y, xs, g, create, apart, into)
  local grads, last = {}, 0
  if type(y) ~= 'table' then y, g = {y}, {g} end
  for i = 1, #y do
    local slot = self.slot[y[i]]
    if slot and g[i] then
      grads[slot] = grads[slot] and F.add(grads[slot], g[i]) or g[i]
      last = math.max(last, slot)
    end
  end
  local needed, wanted = mark(self, last, xs)
  local sinks = into and {}
  for i = 1, into and #xs or 0 do
    if self.slot[xs[i]] then sinks[self.slot[xs[i]]] = into[i] end
  end
  local before = state.tape
  state.tape = create and self or nil
  local ok, message = pcall(Tape.walk, self, last, needed, wanted, grads, create, apart, sinks)
  state.tape = before
  if not ok then error(message, 0) end
  local results = {}
  for i = 1, #xs do results[i] = grads[self.slot[xs[i]] or 0] end
  return results
end

function Tape:walk(last, needed, wanted, grads, create, apart, into)
  for n = last, 1, -1 do
    local g, row = grads[n], self.row[n]
    if g and row and needed[n] and not (apart and wanted[n]) then
      if row.inputs ~= 'list' then check_versions(self, n, row, needed) end
      if row.inputs == 'list' then
        back_list(self, n, row, g, grads)
      elseif row.fast and not create then
        back_fast(self, n, row, g, grads, needed)
      else
        back_rules(self, n, row, g, grads, needed, not create and into)
      end
      if not wanted[n] then grads[n] = nil end
    end
  end
end

return {new = new, Tape = Tape, guard = guard}
