--- A probe stands in for a tape and only notes which tensors of the outer one are read. It knows which results depend
-- on them, so that forms which ask whether a tensor is recorded give what they would give on a tape, but keeps none
-- alive.
local Probe = {}
Probe.__index = Probe

--- A probe before a tape, or another probe.
local function new(outer)
  local slot = setmetatable({}, {__mode = 'k', __index = outer.slot})
  return setmetatable({outer = outer, seen = {}, list = {}, slot = slot, numbers = setmetatable({}, {__mode = 'k'})},
                      Probe)
end

function Probe:note(t)
  if t and self.outer.slot[t] and not self.seen[t] then
    self.seen[t] = true
    self.list[#self.list + 1] = t
  end
end

function Probe:append(row, out, a, b, c)
  local slot, depends = self.slot, false
  if row.inputs == 'list' then
    for i = 1, #a do
      self:note(a[i])
      depends = depends or slot[a[i]] ~= nil
    end
    a = nil
  end
  self:note(a)
  self:note(b)
  self:note(c)
  if row.vjp and (depends or a and slot[a] or b and slot[b] or c and slot[c]) then
    slot[out] = true
    if row.run and (not a or self:is_number(a)) and (not b or self:is_number(b)) and (not c or self:is_number(c)) then
      self.numbers[out] = true
    end
  end
end

function Probe:as_number(t)
  if not self.slot[t] then return nil end
  self.numbers[t] = true
  return t
end

function Probe:is_number(t) return self.numbers[t] or self.outer:is_number(t) end

--- The tensors noted.
function Probe:found() return self.list end

return {new = new}
