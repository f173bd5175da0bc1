--- How tables outside of Lua's heap print: the first entries, one below the other.
local show = {}

local most = 20

--- The text of a table: head, and the entries that the iterator walk gives. write(keys): the list of keys as texts.
-- What is of many lines is indented as a whole.
function show.entries(head, walk, write)
  local keys, values, more = {}, {}, false
  for key, value in walk do
    more = #keys == most
    if more then break end
    keys[#keys + 1], values[#keys + 1] = key, tostring(value)
  end
  local starts, lines = write(keys), {head .. '{'}
  for i, start in ipairs(starts) do
    start = start .. ' : '
    lines[#lines + 1] = start .. values[i]:gsub('\n([^\n]+)', '\n' .. (' '):rep(#start) .. '%1')
  end
  if more then lines[#lines + 1] = '...' end
  lines[#lines + 1] = '}'
  return table.concat(lines, '\n')
end

return show
