--- dpnn.windows: rectangles cut out of images, one for each sample of a batch, and brought to one size.
local torch = require 'torch'
local autograd = require 'autograd'

local windows = {}

-- The matrix, out×size, that resamples size points to out ones, bilinearly, the first and the last staying in place.
local function weights(model, size, out)
  local w = model.new(out, size):zero()
  local step = out > 1 and (size - 1) / (out - 1) or 0
  for i = 0, out - 1 do
    local at = i * step
    local low = math.min(math.floor(at), size - 1)
    local high = math.min(low + 1, size - 1)
    w[i + 1][low + 1] = 1 - (at - low)
    w[i + 1][high + 1] = w[i + 1][high + 1] + at - low
  end
  return w
end

-- The part of a box {top, left, height, width} (from 0) that lies in the image x, C×H×W, as a view; and the place of
-- that part in t, of the box's size. Nothing when there is none.
local function meeting(x, box, t)
  local top, left = math.max(box[1], 0), math.max(box[2], 0)
  local height = math.min(box[1] + box[3], x:size(2)) - top
  local width = math.min(box[2] + box[4], x:size(3)) - left
  if height < 1 or width < 1 then return end
  return x:narrow(2, top + 1, height):narrow(3, left + 1, width),
         t:narrow(2, top - box[1] + 1, height):narrow(3, left - box[2] + 1, width)
end

-- t, C×H×W, with each row and each column multiplied by a matrix
local function between(rows, t, columns)
  local out = torch.mm(t:contiguous():view(-1, t:size(3)), columns):view(t:size(1), t:size(2), -1)
  return torch.bmm(rows:view(1, rows:size(1), -1):expand(t:size(1), rows:size(1), rows:size(2)), out)
end

local function is_of_size(box, height, width) return box[3] == height and box[4] == width end

local function cut_one(x, box, out)
  local height, width = out:size(2), out:size(3)
  if is_of_size(box, height, width) then
    local from, to = meeting(x, box, out)
    if from then to:copy(from) end
    return
  end
  local part = x.new(x:size(1), box[3], box[4]):zero()
  local from, to = meeting(x, box, part)
  if from then to:copy(from) end
  out:copy(between(weights(x, box[3], height), part, weights(x, box[4], width):t()))
end

local function paste_one(g, box, out)
  local height, width = g:size(2), g:size(3)
  if not is_of_size(box, height, width) then
    g = between(weights(g, box[3], height):t(), g, weights(g, box[4], width))
  end
  local to, from = meeting(out, box, g)
  if to then to:add(from) end
end

local paste

--- cut(x, boxes, height, width): for each sample of x, N×C×H×W, its box {top, left, height, width} (from 0; what
-- lies outside is 0), resampled to height×width where it is not of that size: N×C×height×width.
windows.cut = autograd.custom {
  name = 'windows.cut',
  forward = function(x, boxes, height, width)
    local out = x.new(x:size(1), x:size(2), height, width):zero()
    for i, box in ipairs(boxes) do cut_one(x[i], box, out[i]) end
    return out
  end,
  vjp = function(g, _, x, boxes) return paste(g, boxes, x:size(3), x:size(4)) end,
}

-- its transpose: both are linear
paste = autograd.custom {
  name = 'windows.paste',
  forward = function(g, boxes, height, width)
    local out = g.new(g:size(1), g:size(2), height, width):zero()
    for i, box in ipairs(boxes) do paste_one(g[i], box, out[i]) end
    return out
  end,
  vjp = function(x, _, g, boxes) return windows.cut(x, boxes, g:size(3), g:size(4)) end,
}

return windows
