--- Texts as numbers: each byte that comes up has a place in the vocabulary.
local torch = require 'torch'

local text = {}

--- Reads a file's first limit bytes (0: all); gives them as a string.
function text.read(path, limit)
  local file, reason = io.open(path, 'rb')
  if not file then error('cannot open the text: ' .. reason, 0) end
  local bytes = file:read(limit > 0 and limit or '*a')
  file:close()
  return bytes or ''
end

--- The vocabulary of a string: {list of characters in order, place of each by its name}.
function text.vocabulary(bytes)
  local seen, vocabulary = {}, {list = {}, place = {}}
  for c in bytes:gmatch('.') do seen[c] = true end
  for i = 0, 255 do
    local c = string.char(i)
    if seen[c] then
      vocabulary.list[#vocabulary.list + 1] = c
      vocabulary.place[c] = #vocabulary.list
    end
  end
  return vocabulary
end

--- A string as a LongTensor of places. A character that the vocabulary has not is an error.
function text.encode(bytes, vocabulary)
  local places = torch.LongTensor(256):zero()
  for c, place in pairs(vocabulary.place) do places[c:byte() + 1] = place end
  local codes = torch.ByteTensor(torch.ByteStorage():string(bytes)):long():add(1)
  local out = places:index(1, codes)
  if #bytes > 0 and out:min() == 0 then error('the text has characters that the net does not know', 0) end
  return out
end

--- Batches of a text: x and y, each steps × batch for every batch; y is the character after x. The text is cut into
-- `batch` strips that run side by side, so that each batch goes on where the last one ended.
function text.batches(places, batch, steps)
  local length = math.floor((places:size(1) - 1) / (batch * steps)) * steps
  if length < steps then error(('the text has %d characters, too few for a batch'):format(places:size(1)), 0) end
  local function strips(first)
    return places:narrow(1, first, batch * length):view(batch, length):t():contiguous():split(steps, 1)
  end
  local xs, ys, list = strips(1), strips(2), {}
  for i = 1, #xs do list[i] = {x = xs[i], y = ys[i]} end
  return list
end

return text
