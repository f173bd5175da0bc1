--- LSTM and GRU over whole sequences, given what the inputs add to the gates' sums (one product for all steps). The
-- rules are those of the steps written out with ops.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F, own, record, check, state = op.F, op.own, op.record, op.check, op.state
local call, like, layout = memory.call, handle.like, handle.layout

local how_t = ffi.typeof('mt_recurrence')

local function size(t, dim) return tonumber(layout(t).size[dim]) end

-- The columns of each gate by the letters of an order.
local function form(name, letters, order, options)
  local how = how_t()
  for i = 1, #letters do
    local place = order:find(letters:sub(i, i), 1, true)
    if not place or #order ~= #letters then
      errors.fail('%s: expected an order of the gates %s, got %s', name, letters, order)
    end
    how.place[i - 1] = place - 1
  end
  how.reverse, how.restart = options.reverse and 1 or 0, options.restart and 1 or 0
  how.reset_after = options.reset_after and 1 or 0
  return how
end

-- -- What the rules and the backwards share ---------------------------------------------------------------------

local function step_at(how, T, s) return how.reverse ~= 0 and T - 1 - s or s end

-- new where a sample takes part in step t, else 0; and the state that the next step starts from.
local function masked(new, first, active, t, how)
  if not active then return new, new end
  local mask = op.unrecorded(function() return F.expand(F.unsqueeze(F.select(active, 0, t), 1), new) end)
  return F.where(mask, new, 0), F.where(mask, new, how.restart ~= 0 and first or 0)
end

local function stacked(list)
  for i = 1, #list do list[i] = F.unsqueeze(list[i], 0) end
  return F.cat(list, 0)
end

local function flat(t) return F.contiguous(t):view(size(t, 0) * size(t, 1), -1) end

-- What each step's product has read, T×N×R: the outputs of the step before.
local function outputs_before(h, h0, active, how)
  local T = size(h, 0)
  if T == 1 then return F.unsqueeze(h0, 0) end
  local rest, first = F.narrow(h, 0, how.reverse ~= 0 and 1 or 0, T - 1), F.unsqueeze(h0, 0)
  if active and how.restart ~= 0 then
    local were = F.narrow(active, 0, how.reverse ~= 0 and 1 or 0, T - 1)
    rest = F.where(F.expand(F.unsqueeze(were, 2), rest), rest, F.expand(first, rest))
  end
  return F.cat(how.reverse ~= 0 and {rest, first} or {first, rest}, 0)
end

local function transposed_product(a, b) return F.matmul(F.transpose(a, 0, 1), b) end

-- The gradient of the weight, outputs before times sums' gradients, laid out as the weight is: whoever adds it up then
-- need not turn it. Without skipped steps nothing need be joined.
local function weight_gradient(weight, h, h0, by_sums, active, how)
  local T, by = size(h, 0), nil
  local function add(a, b)
    if layout(weight).stride[0] == 1 then a, b = b, a end
    by = by or like(h)
    call(C.mt_matmul, by, layout(by).dim > 0 and by or nil, 1, 1, F.transpose(a, 0, 1), b)
  end
  if T == 1 or active and how.restart ~= 0 then
    add(flat(outputs_before(h, h0, active, how)), flat(by_sums))
  else
    local back = how.reverse ~= 0
    add(flat(F.narrow(h, 0, back and 1 or 0, T - 1)), flat(F.narrow(by_sums, 0, back and 0 or 1, T - 1)))
    add(h0, F.contiguous(F.select(by_sums, 0, back and T - 1 or 0)))
  end
  return layout(weight).stride[0] == 1 and F.transpose(by, 0, 1) or by
end

-- The gradients of a recorded form, which is walked through once more.
local function by_steps(written_out, g, list, ...)
  return state.tape:grad(written_out(list, ...), list, g, true, true)
end

-- -- LSTM -------------------------------------------------------------------------------------------------------

-- A vector as T×N×R and, behind it, T×N×H.
local function halves(out, T, N, R, H)
  return F.narrow(out, 0, 0, T * N * R):view(T, N, R), F.narrow(out, 0, T * N * R, T * N * H):view(T, N, H)
end

local function lstm_steps(list, active, how)
  local sums, h0, c0, weight, project = list[1], list[2], list[3], list[4], list[5]
  local T, H, h, c, hs, cs = size(sums, 0), size(c0, 1), h0, c0, {}, {}
  for s = 0, T - 1 do
    local t = step_at(how, T, s)
    local sum = F.addmm(F.select(sums, 0, t), h, weight, 1, 1)
    local function gate(k) return F.narrow(sum, 1, how.place[k] * H, H) end
    local i, f, g, o = F.sigmoid(gate(0)), F.sigmoid(gate(1)), F.tanh(gate(2)), F.sigmoid(gate(3))
    local cells = F.add(F.mul(f, c), F.mul(i, g))
    local out = F.mul(o, F.tanh(cells))
    if project then out = F.matmul(out, project) end
    hs[t + 1], h = masked(out, h0, active, t, how)
    cs[t + 1], c = masked(cells, c0, active, t, how)
  end
  return F.cat({F.contiguous(stacked(hs)):view(-1), F.contiguous(stacked(cs)):view(-1)}, 0)
end

local function lstm_back(g, out, list, gates, active, how)
  local sums, h0, c0, weight, project = list[1], list[2], list[3], list[4], list[5]
  local T, N, R, H = size(sums, 0), size(sums, 1), size(h0, 1), size(c0, 1)
  local h, c = halves(out, T, N, R, H)
  local g_h, g_c = halves(F.contiguous(g), T, N, R, H)
  local by_sums, by_h0, by_c0, by_out = like(h), like(h), like(h), project and like(h)
  call(C.mt_lstm_grad, by_sums, by_h0, by_c0, by_out, g_h, g_c, gates, c, h0, c0, weight, project, active or nil, how)
  local by_project
  if project then
    local left = F.mul(F.narrow(gates, 2, how.place[3] * H, H), F.tanh(c))
    by_project = transposed_product(flat(left), flat(by_out))
  end
  return {by_sums, by_h0, by_c0, weight_gradient(weight, h, h0, by_sums, active, how), by_project}
end

-- Both halves of out are views for a moment.
local function forward(out, gates, list, active, how, ...)
  local views = {n = 0}
  local before = handle.open_scope(views)
  local h, c = halves(out, ...)
  handle.close_scope(before)
  local ok, message = pcall(call, C.mt_lstm, h, c, gates, list[1], list[2], list[3], list[4], list[5], active, how)
  handle.release_scope(views)
  if not ok then error(message, 0) end
end

local lstm = {'lstm', inputs = 'list', owns = 'p', dtypes = 'floats', vjp = true,
  doc = 'lstm({sums, h0, c0, weight[, project]}[, order[, active[, options]]]): an LSTM over T steps of N ' ..
        'samples, whose inputs add sums, T×N×4H, to the gates; h0: N×R, c0: N×H, weight: R×4H, the columns in ' ..
        'the order of the letters of order, "ifgo". project, H×R, makes outputs of what leaves the cells; else R = ' ..
        'H. active: a ByteTensor T×N, 0 where a sample skips a step: output and cell are 0 there. options: ' ..
        'reverse, from the last step to the first; restart, a skipped step leaves the first state. Gives all ' ..
        'outputs and cells as one vector, and both as views of it, T×N×R and T×N×H. Source: Hochreiter and ' ..
        'Schmidhuber, 1997; Gers et al., 2000; Sak et al., 2014',
  sample = function(make)
    return {
      {{make(3, 2, 8), make(2, 2), make(2, 2), make(2, 8)}},
      {{make(2, 3, 8), make(3, 3), make(3, 2), make(3, 8), make(2, 3)}, 'ifog', make.mask(2, 3)},
      {{make(3, 2, 8), make(2, 2), make(2, 2), make(2, 8)}, 'ifgo', make.mask(3, 2), {reverse = true, restart = true}},
    }
  end,
  vjp_list = function(g, out, list, gates, active, how)
    if state.tape then return by_steps(lstm_steps, g, list, active or nil, how) end
    return lstm_back(g, out, list, gates, active, how)
  end}

own(lstm, function(list, order, active, options)
  check('lstm', list[1], list[2], list[3], list[4])
  local sums, h0, c0 = list[1], list[2], list[3]
  if layout(sums).dim ~= 3 or layout(h0).dim ~= 2 or layout(c0).dim ~= 2 then
    errors.fail('lstm: expected sums, outputs and cells of 3, 2 and 2 dimensions, got %s, %s and %s', sizes.text(sums),
                sizes.text(h0), sizes.text(c0))
  end
  local how = form('lstm', 'ifgo', order or 'ifgo', options or {})
  local T, N, R, H = size(sums, 0), size(sums, 1), size(h0, 1), size(c0, 1)
  local out, gates = like(sums), like(sums)
  call(C.mt_tensor_resize, out, 1, ffi.new('int64_t[1]', T * N * (R + H)))
  op.unrecorded(forward, out, gates, list, active or nil, how, T, N, R, H)
  record(lstm, out, list, nil, nil, gates, active, how)
  return out, halves(out, T, N, R, H)
end)

-- -- GRU --------------------------------------------------------------------------------------------------------

local function gru_steps(list, active, how)
  local sums, h0, weight, bias = list[1], list[2], list[3], list[4]
  local T, H, h, hs = size(sums, 0), size(h0, 1), h0, {}
  local function part(x, k) return F.narrow(x, 1, k * H, H) end
  for s = 0, T - 1 do
    local t = step_at(how, T, s)
    local sum = F.select(sums, 0, t)
    local gates = F.sigmoid(F.addmm(F.narrow(sum, 1, 0, 2 * H), h, F.narrow(weight, 1, 0, 2 * H), 1, 1))
    local r, z, by_new = part(gates, 0), part(gates, 1), F.narrow(weight, 1, 2 * H, H)
    local from_h = F.matmul(how.reset_after ~= 0 and h or F.mul(r, h), by_new)
    if bias then from_h = F.add(from_h, bias) end
    if how.reset_after ~= 0 then from_h = F.mul(r, from_h) end
    local new = F.tanh(F.add(part(sum, 2), from_h))
    hs[t + 1], h = masked(F.add(new, F.mul(z, F.sub(h, new))), h0, active, t, how)
  end
  return stacked(hs)
end

local function gru_back(g, out, list, gates, active, how)
  local h0, weight, bias = list[2], list[3], list[4]
  local H, by_gates, by_h0 = size(h0, 1), like(g), like(g)
  call(C.mt_gru_grad, by_gates, by_h0, g, gates, out, h0, weight, active or nil, how)
  local function part(first, count) return F.narrow(by_gates, 2, first * H, count * H) end
  local by_weight
  if how.reset_after ~= 0 then
    by_weight = weight_gradient(weight, out, h0, F.cat({part(0, 2), part(3, 1)}, 2), active, how)
  else
    by_weight = F.cat({weight_gradient(weight, out, h0, F.contiguous(part(0, 2)), active, how),
                       transposed_product(flat(F.narrow(gates, 2, 3 * H, H)), flat(part(2, 1)))}, 1)
  end
  return {part(0, 3), by_h0, by_weight, bias and F.reshape_like(F.sum(flat(part(3, 1)), 1), bias)}
end

local gru = {'gru', inputs = 'list', owns = 'p', dtypes = 'floats', vjp = true,
  doc = 'gru({sums, h0, weight[, bias]}[, active[, options]]): a GRU over T steps of N samples, whose inputs add ' ..
        'sums, T×N×3H, to reset, update and new value; h0: N×H, weight: H×3H: h becomes new + update·(h − ' ..
        'new). The reset multiplies h in front of the product with it, as first published, or, with reset_after ' ..
        'among the options, the product plus bias behind it, as in cuDNN. active and the other options: see lstm. ' ..
        'Gives all outputs, T×N×H. Source: Cho et al., 2014',
  sample = function(make)
    return {
      {{make(3, 2, 6), make(2, 2), make(2, 6), make(2)}, false, {reset_after = true}},
      {{make(3, 2, 6), make(2, 2), make(2, 6)}, make.mask(3, 2)},
      {{make(3, 2, 6), make(2, 2), make(2, 6)}, make.mask(3, 2),
       {reset_after = true, reverse = true, restart = true}},
    }
  end,
  vjp_list = function(g, out, list, gates, active, how)
    if state.tape then return by_steps(gru_steps, g, list, active or nil, how) end
    return gru_back(g, out, list, gates, active, how)
  end}

own(gru, function(list, active, options)
  check('gru', list[1], list[2], list[3])
  local sums, h0, weight, bias = list[1], list[2], list[3], list[4]
  local how, out, gates = form('gru', 'rzn', 'rzn', options or {}), like(sums), like(sums)
  call(C.mt_gru, out, gates, sums, h0, weight, bias, active or nil, how)
  return record(gru, out, list, nil, nil, gates, active, how)
end)
