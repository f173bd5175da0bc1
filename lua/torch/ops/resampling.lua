--- Inputs between their places: upsampling over one to three axes, and bilinear sampling at places that a grid gives.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local types = require 'torch.types'
local window = require 'torch.ops.window'

local F, own, record, check = op.F, op.own, op.record, op.check
local call, like, layout = memory.call, handle.like, handle.layout

-- -- Upsampling -------------------------------------------------------------------------------------------------

local ways = {nearest = C.MT_NEAREST, linear = C.MT_LINEAR, corners = C.MT_LINEAR_CORNERS}

local function way(name, how)
  return ways[how] or errors.fail('%s: expected "nearest", "linear" or "corners", got %s', name, tostring(how))
end

local upsample = {'upsample', dtypes = 'floats',
  doc = 'upsample(x, model, how): N×C×I with other spatial sizes O, those of model, a tensor or a table of sizes. ' ..
        'how: "nearest", "linear" (places are cells) or "corners" (linear; first and last places lie on each other)',
  sample = function(make)
    return {{make(2, 3, 2, 3), {4, 6}, 'nearest'}, {make(2, 2, 2, 3), {5, 4}, 'corners'},
            {make(1, 2, 4), {7}, 'linear'},
            {make(1, 2, 2, 3, 2), {3, 5, 4}, 'linear'}, {make(1, 2, 2, 3, 2), {3, 5, 4}, 'corners'}}
  end,
  vjp = {function(g, _, a, how) return F.upsample_input(g, a, how) end}}
own(upsample, function(a, model, how)
  check('upsample', a)
  local out, number = like(a), way('upsample', how)
  call(C.mt_upsample, out, a, number, window.sizes('upsample', model, window.axes(a)))
  return record(upsample, out, a, nil, nil, how)
end)

local upsample_input = {'upsample_input', dtypes = 'floats',
  doc = 'upsample_input(g, model, how): the gradient of upsample by its input, whose spatial sizes are those of ' ..
        'model, a tensor or a table of sizes',
  sample = function(make)
    return {{make(2, 3, 4, 6), make(2, 3, 2, 3), 'nearest'}, {make(2, 2, 5, 4), {2, 3}, 'corners'},
            {make(1, 2, 7), {4}, 'linear'}, {make(1, 2, 3, 5, 4), {2, 3, 2}, 'corners'}}
  end,
  vjp = {function(g, _, a, how) return F.upsample(g, a, how) end}}
own(upsample_input, function(grad, model, how)
  check('upsample_input', grad)
  local out, number = like(grad), way('upsample_input', how)
  call(C.mt_upsample_input, out, grad, number, window.sizes('upsample_input', model, window.axes(grad)))
  return record(upsample_input, out, grad, nil, nil, how)
end)

-- -- Grid sampling ----------------------------------------------------------------------------------------------

-- Where along an axis of so many places the k-th numbers (x: 0, y: 1) of a grid N×P×Q×2 lie: N×1×PQ
local function positions(grid, k, places, corners)
  local l = layout(grid)
  local v = F.contiguous(F.select(grid, 3, k)):view(tonumber(l.size[0]), 1, tonumber(l.size[1] * l.size[2]))
  if corners then return F.mul(F.add(v, 1), (places - 1) / 2) end
  return F.add(F.mul(v, places / 2), (places - 1) / 2)
end

-- The elements of x (N×C×HW) at places (column, row), N×1×PQ of whole numbers; 0 outside of height and width.
local function values_at(x, column, row, height, width)
  local inside = F.mul(F.mul(F.ge(column, 0), F.lt(column, width)), F.mul(F.ge(row, 0), F.lt(row, height)))
  local place = F.where(inside, F.add(F.add(F.mul(row, width), column), 1), 1)
  local n, c, count = tonumber(layout(x).size[0]), tonumber(layout(x).size[1]), tonumber(layout(place).size[2])
  local index = F.cast(place, types.at[layout(x).device][C.MT_INT64])
  local found = F.gather(x, 2, index:expand(n, c, count))
  return F.where(inside:expand(n, c, count), found, 0)
end

-- The gradient of the sum of g (N×C×P×Q) times grid_sample(x, grid) by the grid. Composed of ops, so that it can be
-- differentiated again by all three.
local function grid_slopes(g, x, grid, corners)
  local l = layout(x)
  local n, c, height, width = tonumber(l.size[0]), tonumber(l.size[1]), tonumber(l.size[2]), tonumber(l.size[3])
  local flat = F.contiguous(x):view(n, c, height * width)
  local px, py = positions(grid, 0, width, corners), positions(grid, 1, height, corners)
  local left, top = F.floor(F.detach(px)), F.floor(F.detach(py))
  local right, bottom = F.add(left, 1), F.add(top, 1)
  local nw, ne = values_at(flat, left, top, height, width), values_at(flat, right, top, height, width)
  local sw, se = values_at(flat, left, bottom, height, width), values_at(flat, right, bottom, height, width)
  local fx, fy = F.sub(px, left), F.sub(py, top)
  local weight = F.contiguous(g):view(n, c, layout(px).size[2])
  -- fy·(bottom's difference) + (1 − fy)·(top's), and likewise for y
  local across, down = F.lerp(F.sub(ne, nw), F.sub(se, sw), fy), F.lerp(F.sub(sw, nw), F.sub(se, ne), fx)
  local function total(slope, places)
    return F.mul(F.sum(F.mul(weight, slope), 2), (corners and places - 1 or places) / 2)
  end
  local both = F.cat({total(across, width), total(down, height)}, 1)
  return F.reshape_like(F.transpose(both, 1, 2), grid)
end

local function sample_grid(make) return make.unit(2, 3, 2, 2), make.unit(2, 3, 2, 2):mul(1.4) end

local grid_sample = {'grid_sample', inputs = 2, uses = {'b', 'ab'}, dtypes = 'floats',
  doc = 'grid_sample(x, grid, corners): x (N×C×H×W) between its places, bilinear, at the pairs (x, y) of grid ' ..
        '(N×P×Q×2), and 0 outside; −1 and 1 are the middles of the first and last place (corners) or their outer edges',
  sample = function(make)
    local inside, beyond = sample_grid(make)
    return {{make(2, 3, 4, 5), inside, true}, {make(2, 2, 5, 3), beyond, false}}
  end,
  vjp = {function(g, _, a, grid, corners) return F.grid_sample_input(g, grid, a, corners) end,
         function(g, _, a, grid, corners) return grid_slopes(g, a, grid, corners) end}}
own(grid_sample, function(a, grid, corners)
  check('grid_sample', a, grid)
  local out = like(a)
  call(C.mt_grid_sample, out, a, grid, corners and 1 or 0)
  return record(grid_sample, out, a, grid, nil, corners or false)
end)

local grid_sample_input = {'grid_sample_input', inputs = 2, uses = {'b', 'ab'}, dtypes = 'floats',
  doc = 'grid_sample_input(g, grid, model, corners): the gradient of grid_sample by its input, whose height and ' ..
        'width are those of model, a tensor or a table of sizes',
  sample = function(make)
    local inside, beyond = sample_grid(make)
    return {{make(2, 3, 3, 2), inside, {4, 5}, true}, {make(2, 2, 3, 2), beyond, make(2, 2, 5, 3), false}}
  end,
  vjp = {function(g, _, _, grid, corners) return F.grid_sample(g, grid, corners) end,
         function(g, _, grad, grid, corners) return grid_slopes(grad, g, grid, corners) end}}
own(grid_sample_input, function(grad, grid, model, corners)
  check('grid_sample_input', grad, grid)
  local out = like(grad)
  call(C.mt_grid_sample_input, out, grad, grid, corners and 1 or 0, window.sizes('grid_sample_input', model, 2))
  return record(grid_sample_input, out, grad, grid, nil, corners or false)
end)
