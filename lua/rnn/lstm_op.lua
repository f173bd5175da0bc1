--- rnn.lstm_op: an LSTM over a whole sequence as one op: all inputs are multiplied by the weight at once, and all
-- gradients of the weight are made by one product. Its rule is written with ops, so it can be differentiated again.
--
-- Sizes: T steps, N samples, D inputs, H cells, R outputs. Gates lie in the order input, forget, output, new.
local autograd = require 'autograd'
local steps = require 'rnn.steps'
local F = require('torch.op').F

local flatten, view, part = steps.flatten, steps.view, steps.part

-- x times Wx plus the bias: T×N×4H
local function from_inputs(x, weight, bias)
  local D = x:size(3)
  return view(F.addmm(bias, flatten(x), part(weight, 0, 0, D), 1, 1), x:size(1), x:size(2), bias:size(1))
end

-- -- Forward ----------------------------------------------------------------------------------------------------

-- Takes one step, in place: gates becomes the gates' values; h and c are written.
local function step(gates, prev_h, prev_c, h, c, Wh, project)
  local H = c:size(2)
  gates:addmm(prev_h, Wh)
  gates:narrow(2, 1, 3 * H):sigmoid()
  local new = gates:narrow(2, 3 * H + 1, H):tanh()
  c:cmul(gates:narrow(2, H + 1, H), prev_c):addcmul(gates:narrow(2, 1, H), new)
  if not project then return h:tanh(c):cmul(gates:narrow(2, 2 * H + 1, H)) end
  h:mm(c:clone():tanh():cmul(gates:narrow(2, 2 * H + 1, H)), project)
end

local function run(out, x, h0, c0, weight, bias, masks, project)
  local T, N, D, H = x:size(1), x:size(2), x:size(3), c0:size(2)
  local gates, Wh = from_inputs(x, weight, bias), part(weight, 0, D, weight:size(1) - D)
  local all_h, all_c = steps.halves(out, T, N, h0:size(2), H)
  local prev_h, prev_c = h0, c0
  for t = 1, T do
    local h, c = all_h[t], all_c[t]
    step(gates[t], prev_h, prev_c, h, c, Wh, project)
    if masks then
      h:cmul(masks[t]:expandAs(h))
      c:cmul(masks[t]:expandAs(c))
    end
    prev_h, prev_c = h, c
  end
end

-- -- Backward ---------------------------------------------------------------------------------------------------

-- What one step's gradients are made from, for all steps at once: the slope of each gate times what it multiplies
-- (K, T×N×4H), the forget gates, the slope of h by c, and what is projected.
local function slopes(x, weight, bias, prev_h, prev_c, c)
  local T, N, D, H = x:size(1), x:size(2), x:size(3), c:size(3)
  local sums = F.addmm(flatten(from_inputs(x, weight, bias)), flatten(prev_h),
                       part(weight, 0, D, weight:size(1) - D), 1, 1)
  sums = view(sums, T, N, 4 * H)
  local open = F.sigmoid(part(sums, 2, 0, 3 * H))
  local i, f, o = part(open, 2, 0, H), part(open, 2, H, H), part(open, 2, 2 * H, H)
  local new, seen = F.tanh(part(sums, 2, 3 * H, H)), F.tanh(c)
  local slope = F.mul(open, F.sub(1, open))
  local K = F.cat({F.mul(part(slope, 2, 0, H), new), F.mul(part(slope, 2, H, H), prev_c),
                   F.mul(part(slope, 2, 2 * H, H), seen), F.mul(i, F.sub(1, F.square(new)))}, 2)
  return K, f, F.mul(o, F.sub(1, F.square(seen))), F.mul(o, seen)
end

-- The gradients of the gates' sums (T×N×4H), of h0 and c0, and of each step's h as it leaves the cell (projected or
-- not).
local function through_time(g_h, g_c, K, f, by_cell, Wh_t, masks, project_t)
  local T = g_h:size(1)
  local sums, outs, next_h, next_c = {}, {}, nil, nil
  for t = T, 1, -1 do
    local at = t - 1
    local gh, gc = F.select(g_h, 0, at), F.select(g_c, 0, at)
    if next_h then gh, gc = F.add(gh, next_h), F.add(gc, next_c) end
    if masks then gh, gc = F.mul(gh, F.select(masks, 0, at)), F.mul(gc, F.select(masks, 0, at)) end
    outs[t] = F.unsqueeze(gh, 0)
    if project_t then gh = F.matmul(gh, project_t) end
    gc = F.add(gc, F.mul(gh, F.select(by_cell, 0, at)))
    local sum = F.mul(F.cat({gc, gc, gh, gc}, 1), F.select(K, 0, at))
    sums[t] = F.unsqueeze(sum, 0)
    next_h, next_c = F.matmul(sum, Wh_t), F.mul(gc, F.select(f, 0, at))
  end
  return F.cat(sums, 0), next_h, next_c, project_t and F.cat(outs, 0)
end

local function back(g, out, x, h0, c0, weight, bias, masks, project)
  local T, N, D, H, R = x:size(1), x:size(2), x:size(3), c0:size(2), h0:size(2)
  local h, c = steps.halves(out, T, N, R, H)
  local g_h, g_c = steps.halves(g, T, N, R, H)
  local prev_h, prev_c = steps.before(h, h0), steps.before(c, c0)
  local K, f, by_cell, projected = slopes(x, weight, bias, prev_h, prev_c, c)
  local Wx, Wh = part(weight, 0, 0, D), part(weight, 0, D, R)
  local g_sums, g_h0, g_c0, g_out = through_time(g_h, g_c, K, f, by_cell, F.transpose(Wh, 0, 1), masks,
                                                 project and F.transpose(project, 0, 1))
  local flat = flatten(g_sums)
  local g_x = view(F.matmul(flat, F.transpose(Wx, 0, 1)), T, N, D)
  local g_weight = F.cat({F.matmul(F.transpose(flatten(x), 0, 1), flat),
                          F.matmul(F.transpose(flatten(prev_h), 0, 1), flat)}, 0)
  local g_bias = F.squeeze(F.sum(flat, 1), 0)
  local g_project = project and F.matmul(F.transpose(flatten(projected), 0, 1), flatten(g_out))
  return g_x, g_h0, g_c0, g_weight, g_bias, g_project
end

-- -- The op -----------------------------------------------------------------------------------------------------

local plain = autograd.custom {
  name = 'lstm',
  forward = function(x, h0, c0, weight, bias, masks, project)
    return steps.run(run, (h0:size(2) + c0:size(2)) * x:size(1) * x:size(2), x, h0, c0, weight, bias, masks, project)
  end,
  vjp = function(g, out, x, h0, c0, weight, bias, masks, project)
    local g_x, g_h0, g_c0, g_weight, g_bias, g_project = back(g, out, x, h0, c0, weight, bias, masks, project)
    return g_x, g_h0, g_c0, g_weight, g_bias, nil, g_project
  end,
}

--- lstm(x, h0, c0, weight, bias, masks, project) gives all outputs, T×N×R, and all cells, T×N×H. weight: (D +
-- R)×4H. masks: nil, or T×N×1, 0 where output and cell become 0. project: nil (then R = H), or the H×R matrix that
-- makes outputs of what leaves the cells.
return function(x, h0, c0, weight, bias, masks, project)
  local out = plain(x, h0, c0, weight, bias, masks or false, project)
  return steps.halves(out, x:size(1), x:size(2), h0:size(2), c0:size(2))
end
