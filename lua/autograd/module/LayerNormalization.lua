--- autograd.module.LayerNormalization(options[, params]): Ba and others 2016; gives f(params, x[, eps]) and params, a
-- gain and a bias. x: n numbers, or batch × n. options: nOutputs (10).
--   local f, params = autograd.module.LayerNormalization{nOutputs = 4}
--   local y = f(params, torch.randn(3, 4))
local torch = require 'torch'

return function(options, params)
  local n = options and options.nOutputs or 10
  params = params or {}
  params[#params + 1] = {gain = torch.ones(1, n), bias = torch.zeros(1, n)}
  return function(given, x, eps)
    local p, rows = given[1] or given, x:dim() == 1 and x:view(1, -1) or x
    local centred = rows - torch.mean(rows, 2):expandAs(rows)
    local deviation = torch.sqrt(torch.mean(torch.cmul(centred, centred), 2) + (eps or 1e-5))
    local out = torch.cdiv(centred, deviation:expandAs(rows))
    return (torch.cmul(out, p.gain:expandAs(out)) + p.bias:expandAs(out)):viewAs(x)
  end, params
end
