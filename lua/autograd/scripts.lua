--- What scripts for torch-autograd call: autograd(f, options), autograd.optimize and their like.
-- torch-autograd records tables in place of tensors and compiles what it recorded when asked to optimise. Here both are
-- the one tape, so options that steer its compiler are taken and change nothing that can be seen in results.
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local debugging = require 'autograd.debugging'
local gradient = require 'autograd.gradient'
local profile = require 'autograd.profile'

local is_tensor, fail = handle.is_tensor, errors.fail

local scripts = {}
local defaults = {optimize = false, protected = false}

--- autograd.optimize(on): whether functions made from now on take the option optimize as true.
function scripts.optimize(on) defaults.optimize = on and true or false end

--- autograd.optimizing(): what autograd.optimize was last told.
function scripts.optimizing() return defaults.optimize end

--- autograd.protected(on): torch-autograd catches errors while it records when it is on. Here an error never leaves
-- anything behind that would need it.
function scripts.protected(on) defaults.protected = on and true or false end

local known = {
  gradArg = 'number', optimize = 'boolean', protected = 'boolean', withForward = 'boolean', withGradients = 'boolean',
  withGradInput = 'boolean', partialGrad = 'boolean', stableGradients = 'boolean', debugHook = 'function',
  dotFile = 'string', showCode = 'boolean', profile = 'string', profileReportFrequency = 'number',
  reduceFootprint = 'boolean', inline = 'boolean', signatureFn = 'function', newlineChar = 'string',
}

local function read(options)
  if options ~= nil and type(options) ~= 'table' then
    fail('autograd: expected a table of options, got a %s', type(options))
  end
  local o = {gradArg = 1, withForward = true, withGradients = true, optimize = defaults.optimize}
  for name, value in pairs(options or {}) do
    local wanted = known[name]
    if wanted and type(value) ~= wanted then
      fail('autograd: expected the option %s to be a %s, got a %s', name, wanted, type(value))
    end
    o[name] = value
  end
  return o
end

-- Copies a nested table of new gradients into the tensors of an earlier one, which has its form.
local function into_stable(stable, new)
  if is_tensor(new) then
    if not is_tensor(stable) or handle.kind(stable) ~= handle.kind(new) then return new end
    return stable:resizeAs(new):copy(new)
  end
  if type(new) ~= 'table' then return new end
  stable = type(stable) == 'table' and stable or {}
  for k, v in pairs(new) do stable[k] = into_stable(stable[k], v) end
  return stable
end

-- The gradient of the result comes as the last argument: always when partial gradients are asked for, and, unless it
-- optimises, in torch-autograd also when only the way back is.
local function takes_gradient(o) return o.partialGrad or not o.withForward and not o.optimize end

local function differentiate(f, o, ...)
  local args, n, how = {...}, select('#', ...), {name = 'autograd', numbers = true, constant = true}
  if takes_gradient(o) then
    how.g = args[n]
    if not is_tensor(how.g) and type(how.g) ~= 'number' then
      fail('autograd: expected the gradient of the result, a tensor or a number, as the last argument, got %s',
           type(how.g))
    end
    n = n - 1
  end
  local grads, results = gradient.of(f, o.gradArg, args, n, how)
  if o.stableGradients then
    o.stable = into_stable(o.stable, grads)
    grads = o.stable
  end
  return grads, unpack(results, 1, results.n)
end

-- Prints where the time goes in one call of so many.
local function profiled(df, o)
  local calls, every = 0, o.profileReportFrequency or 10
  return function(...)
    calls = calls + 1
    if calls % every > 0 then return df(...) end
    local record = profile(df, ...)
    print(record)
    return unpack(record.results)
  end
end

--- autograd(f[, options]): a function df. df(params, …) gives the gradient of f(params, …), which is a number, by
-- params: a tensor, a number, or a nested table of them, whose form it has; and then all that f gives. options:
--   gradArg          which argument is differentiated by (1)
--   withForward, withGradients   false: without f's results; without gradients, which is f itself
--   partialGrad      df takes the gradient of f's first result, of any sizes, as its last argument
--   stableGradients  the gradients come in the same tensors every time
--   debugHook        function(debugger, message, gen), called for each op that makes a NaN or an infinity:
--                    gen.source is the text of the script, gen.line the line in it that called the op;
--                    debugger.generateDot(path) writes the graph up to there, debugger.showDot() shows it
--   dotFile          where to write the graph of each call, for Graphviz;  showCode: true prints the recorded ops
--   profile          'summary' or 'detailed': prints where the time goes in every 10th call, or every
--                    profileReportFrequency-th
--   optimize, protected, reduceFootprint, inline, signatureFn: for torch-autograd's compiler, and taken
--   local df = autograd(function(p, x) return torch.sum(torch.pow(p.w * x + p.b, 2)) end)
--   local grads, loss = df({w = torch.Tensor{{1, 2}}, b = torch.Tensor{3}}, torch.Tensor{4, 5})   -- loss: 289
function scripts.call(f, options)
  if type(f) ~= 'function' and not (getmetatable(f) and getmetatable(f).__call) then
    fail('autograd: expected a function, got a %s', type(f))
  end
  local o = read(options)
  if not o.withGradients then return f end
  local watched = debugging.wanted(o)
  local function df(...)
    if watched then return debugging.watch(differentiate, f, o, ...) end
    return differentiate(f, o, ...)
  end
  if o.profile == 'summary' or o.profile == 'detailed' then return profiled(df, o) end
  return df
end

return scripts
