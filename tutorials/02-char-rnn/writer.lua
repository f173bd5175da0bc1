--- Lets a trained net write.
local torch = require 'torch'
local model = require 'model'
local text = require 'text'

local writer = {}

-- The place of the next character, drawn by the probabilities that a temperature sharpens (below 1) or flattens.
local function draw(logs, temperature)
  if temperature == 0 then
    local _, place = logs:max(2)
    return place:view(1)
  end
  local p = logs / temperature
  return torch.multinomial(p:add(-p:max()):exp(), 1):view(1)
end

--- Text from a saved net (see train.lua). options: length, temperature (0 always takes the likeliest), start, a text
-- that the net reads first.
function writer.write(saved, options)
  local net, list = saved.net, saved.vocabulary.list
  local state, logs = model.start(saved.size, saved.layers, 1), torch.zeros(1, #list)
  local function read(place)
    local out = net:forward({place, unpack(state)})
    for i, s in ipairs(state) do s:copy(out[i]) end
    logs:copy(out[#out])
  end
  net:evaluate()
  local start, written = options.start or '', {options.start}
  for _, place in ipairs(text.encode(start, saved.vocabulary):totable()) do read(torch.LongTensor{place}) end
  for _ = 1, options.length do
    local place = draw(logs, options.temperature)
    written[#written + 1] = list[place[1]]
    read(place)
  end
  return table.concat(written)
end

return writer
