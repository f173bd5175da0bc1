--- Windows over the one to three spatial axes of N×C×W, N×C×H×W or N×C×D×H×W, for convolution and pooling.
local ffi = require 'ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local layout = handle.layout
local window_t = ffi.typeof('mt_window')

local window = {}

-- The i-th of a table of numbers, or a number for all axes.
local function at(value, i, default)
  if type(value) == 'table' then value = value[i] end
  return value or default
end

--- F.window(kernel[, stride, pad, dilation, groups, ceil_mode, count_pad]): kernel is a table of the sizes along each
-- axis, the outermost first (depth, height, width); stride (1), pad (0) and dilation (1) are such tables or numbers for
-- all axes. groups of channels (1); for pooling, whether the output's size is rounded up and whether padding counts in
-- an average.
--   F.window({3, 3}, 1, 1)
function op.F.window(kernel, stride, pad, dilation, groups, ceil_mode, count_pad)
  if type(kernel) ~= 'table' then
    errors.fail('window: expected a table of sizes as the kernel, got %s', kernel == nil and 'nothing' or type(kernel))
  end
  local w, axes = window_t(), #kernel
  if axes < 1 or axes > 3 then errors.fail('window: expected a kernel of 1 to 3 sizes, got %d', axes) end
  for i = 1, axes do
    w.kernel[i - 1], w.stride[i - 1] = kernel[i], at(stride, i, 1)
    w.pad[i - 1], w.dilation[i - 1] = at(pad, i, 0), at(dilation, i, 1)
  end
  w.axes, w.groups = axes, groups or 1
  w.ceil_mode, w.count_pad = ceil_mode and 1 or 0, count_pad and 1 or 0
  return w
end

--- Refuses w where an op wants a window.
function window.check(name, w)
  if not ffi.istype(window_t, w) then
    errors.fail('%s: expected a window (see F.window), got %s', name, w == nil and 'nothing' or type(w))
  end
end

--- The spatial sizes of a tensor, or those in a table, in memory that is used again by the next call of an op; there
-- must be so many axes of them.
function window.sizes(name, model, axes)
  local count
  if handle.is_tensor(model) then
    local l = layout(model)
    count = l.dim - 2
    for i = 0, count - 1 do sizes.buffer[i] = l.size[i + 2] end
  elseif type(model) == 'table' then
    count = sizes.read(name, model)
  else
    return op.expected_tensor(name, model)
  end
  if count ~= axes then
    errors.fail('%s: expected a tensor with %d spatial dimensions, or %d sizes, got %d', name, axes, axes,
                math.max(count, 0))
  end
  return sizes.buffer
end

--- The number of a tensor's spatial axes.
function window.axes(t) return layout(t).dim - 2 end

return window
