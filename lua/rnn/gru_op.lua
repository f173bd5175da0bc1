--- rnn.gru_op: a GRU over a whole sequence as one op, like rnn.lstm_op. Gates lie in the order reset, update, new:
-- h' = (1 − u)∘tanh(W x + U (r∘h) + b) + u∘h
local autograd = require 'autograd'
local steps = require 'rnn.steps'
local F = require('torch.op').F

local flatten, view, part = steps.flatten, steps.view, steps.part

local function from_inputs(x, weight, bias)
  local D = x:size(3)
  return view(F.addmm(bias, flatten(x), part(weight, 0, 0, D), 1, 1), x:size(1), x:size(2), bias:size(1))
end

-- The rows of weight that read the output: those of both gates, and those of the new value.
local function from_outputs(weight, D, H)
  local Wh = part(weight, 0, D, H)
  return part(Wh, 1, 0, 2 * H), part(Wh, 1, 2 * H, H)
end

-- -- Forward ----------------------------------------------------------------------------------------------------

local function step(gates, prev_h, h, W_gates, W_new)
  local H = h:size(2)
  gates:narrow(2, 1, 2 * H):addmm(prev_h, W_gates):sigmoid()
  local r, u, new = gates:narrow(2, 1, H), gates:narrow(2, H + 1, H), gates:narrow(2, 2 * H + 1, H)
  h:cmul(r, prev_h)
  new:addmm(h, W_new):tanh()
  h:csub(prev_h, new):cmul(u):add(new)   -- new + u (h − new)
end

local function run(out, x, h0, weight, bias, masks)
  local T, N, D, H = x:size(1), x:size(2), x:size(3), h0:size(2)
  local gates, all, prev_h = from_inputs(x, weight, bias), out:view(T, N, H), h0
  local W_gates, W_new = from_outputs(weight, D, H)
  for t = 1, T do
    local h = all[t]
    step(gates[t], prev_h, h, W_gates, W_new)
    if masks then h:cmul(masks[t]:expandAs(h)) end
    prev_h = h
  end
end

-- -- Backward ---------------------------------------------------------------------------------------------------

-- For all steps at once: both gates and the new values.
local function values(x, weight, bias, prev_h, W_gates, W_new)
  local T, N, H = x:size(1), x:size(2), prev_h:size(3)
  local sums = from_inputs(x, weight, bias)
  local gates = F.sigmoid(F.addmm(flatten(part(sums, 2, 0, 2 * H)), flatten(prev_h), W_gates, 1, 1))
  gates = view(gates, T, N, 2 * H)
  local r, u = part(gates, 2, 0, H), part(gates, 2, H, H)
  local read = F.mul(r, prev_h)
  local new = F.tanh(F.addmm(flatten(part(sums, 2, 2 * H, H)), flatten(read), W_new, 1, 1))
  return r, u, view(new, T, N, H), read
end

-- The gradients of the sums, T×N×3H, and of h0.
local function through_time(g_h, by_new, by_u, by_r, r, u, W_gates_t, W_new_t, masks)
  local sums, next_h = {}, nil
  for t = g_h:size(1), 1, -1 do
    local at = t - 1
    local g = F.select(g_h, 0, at)
    if next_h then g = F.add(g, next_h) end
    if masks then g = F.mul(g, F.select(masks, 0, at)) end
    local g_new = F.mul(g, F.select(by_new, 0, at))
    local g_read = F.matmul(g_new, W_new_t)
    local g_gates = F.cat({F.mul(g_read, F.select(by_r, 0, at)), F.mul(g, F.select(by_u, 0, at))}, 1)
    sums[t] = F.unsqueeze(F.cat({g_gates, g_new}, 1), 0)
    next_h = F.add(F.mul(g, F.select(u, 0, at)),
                   F.add(F.mul(g_read, F.select(r, 0, at)), F.matmul(g_gates, W_gates_t)))
  end
  return F.cat(sums, 0), next_h
end

local function back(g, out, x, h0, weight, bias, masks)
  local T, N, D, H = x:size(1), x:size(2), x:size(3), h0:size(2)
  local prev_h = steps.before(view(out, T, N, H), h0)
  local W_gates, W_new = from_outputs(weight, D, H)
  local r, u, new, read = values(x, weight, bias, prev_h, W_gates, W_new)
  local by_new = F.mul(F.sub(1, u), F.sub(1, F.square(new)))
  local by_u = F.mul(F.sub(prev_h, new), F.mul(u, F.sub(1, u)))
  local by_r = F.mul(prev_h, F.mul(r, F.sub(1, r)))
  local g_sums, g_h0 = through_time(view(F.contiguous(g), T, N, H), by_new, by_u, by_r, r, u,
                                    F.transpose(W_gates, 0, 1), F.transpose(W_new, 0, 1), masks)
  local flat = flatten(g_sums)
  local g_x = view(F.matmul(flat, F.transpose(part(weight, 0, 0, D), 0, 1)), T, N, D)
  local g_outputs = F.cat({F.matmul(F.transpose(flatten(prev_h), 0, 1), part(flat, 1, 0, 2 * H)),
                           F.matmul(F.transpose(flatten(read), 0, 1), part(flat, 1, 2 * H, H))}, 1)
  local g_weight = F.cat({F.matmul(F.transpose(flatten(x), 0, 1), flat), g_outputs}, 0)
  return g_x, g_h0, g_weight, F.squeeze(F.sum(flat, 1), 0)
end

-- -- The op -----------------------------------------------------------------------------------------------------

local plain = autograd.custom {
  name = 'gru',
  forward = function(x, h0, weight, bias, masks)
    return steps.run(run, x:size(1) * x:size(2) * h0:size(2), x, h0, weight, bias, masks)
  end,
  vjp = back,
}

--- gru(x, h0, weight, bias, masks) gives all outputs, T×N×H. weight: (D + H)×3H. masks: nil, or T×N×1, 0 where the
-- output becomes 0.
return function(x, h0, weight, bias, masks)
  return plain(x, h0, weight, bias, masks or false):view(x:size(1), x:size(2), h0:size(2))
end
