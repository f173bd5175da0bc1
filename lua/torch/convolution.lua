--- Torch7's convolutions of images and of volumes, without steps and padding: one image and one kernel, planes that
-- each have a kernel of their own, or planes that are added up. They are composed of ops: gradients of any order pass.
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local results = require 'torch.results'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F = op.F
local is_tensor, layout = handle.is_tensor, handle.layout
local fail = errors.fail

local function size(x, dim) return tonumber(layout(x).size[dim]) end

local function is_full(name, flag)
  if flag ~= nil and flag ~= 'V' and flag ~= 'F' then
    fail('%s: expected \'V\' or \'F\', got %s', name, tostring(flag))
  end
  return flag == 'F'
end

-- x as planes and k as output planes × planes, both with n dimensions behind; and how many groups there are.
local function as_planes(name, x, k, n)
  local a, b = layout(x).dim, layout(k).dim
  local fits = a == n and b == n or a == n + 1 and (b == n + 1 and size(x, 0) == size(k, 0) or
                                                    b == n + 2 and size(x, 0) == size(k, 1))
  if not fits then
    fail('%s: an image of sizes %s and a kernel of sizes %s do not go together', name, sizes.text(x), sizes.text(k))
  end
  if a == n then return F.unsqueeze(x, 0), F.unsqueeze(F.unsqueeze(k, 0), 0), 1 end
  if b == n + 1 then return x, F.unsqueeze(k, 1), size(x, 0) end
  return x, k, 1
end

-- Fails unless the kernel, whose n last dimensions count, fits into the image.
local function check_fit(name, x, k, n)
  for i = 1, n do
    local image, kernel = size(x, layout(x).dim - i), size(k, layout(k).dim - i)
    if image < kernel then
      fail('%s: a kernel of sizes %s does not fit into an image of %s', name, sizes.text(k), sizes.text(x))
    end
  end
end

local function last_dims(x, n)
  local dims = {}
  for i = 1, n do dims[i] = layout(x).dim - i end
  return dims
end

-- x: planes×I, k: output planes×planes×k, both with n dimensions behind
local function correlate(x, k, groups, full, n)
  local kernel, pad = {}, {}
  for i = 1, n do
    kernel[i] = size(k, i + 1)
    pad[i] = full and kernel[i] - 1 or 0
  end
  return F.squeeze(F.conv(F.unsqueeze(x, 0), k, nil, F.window(kernel, 1, pad, 1, groups)), 0)
end

local function declare(name, n, turned)
  local function run(x, k, flag)
    if not is_tensor(x) then op.expected_tensor(name, x) end
    if not is_tensor(k) then op.expected_tensor(name, k) end
    local full = is_full(name, flag)
    local planes, kernels, groups = as_planes(name, x, k, n)
    if not full then check_fit(name, x, k, n) end
    if turned then kernels = F.flip(kernels, last_dims(kernels, n)) end
    local out = correlate(planes, kernels, groups, full, n)
    return layout(x).dim == n and F.squeeze(out, 0) or out
  end
  return function(a, b, c, flag)
    if is_tensor(c) then return results.into(a, run(b, c, flag)) end
    return run(a, b, c)
  end
end

local functions = {}

--- torch.xcorr2([result,] x, k[, 'V'|'F']): the correlation of an image H×W with a kernel, where that lies within the
-- image ('V') or wherever the two overlap ('F'). planes×H×W with planes×kH×kW: each plane with its own; with
-- outputs×planes×kH×kW: summed over the planes, for each output
functions.xcorr2 = declare('xcorr2', 2, false)

--- torch.conv2([result,] x, k[, 'V'|'F']): the convolution: xcorr2 with the kernel turned round
functions.conv2 = declare('conv2', 2, true)

--- torch.xcorr3([result,] x, k[, 'V'|'F']): xcorr2 of volumes T×H×W or planes×T×H×W
functions.xcorr3 = declare('xcorr3', 3, false)

--- torch.conv3([result,] x, k[, 'V'|'F']): conv2 of volumes T×H×W or planes×T×H×W
functions.conv3 = declare('conv3', 3, true)

return {functions = functions, methods = functions}
