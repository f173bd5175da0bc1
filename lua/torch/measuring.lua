--- Torch7's forms of histograms, distances and bounded norms; dimensions count from 1.
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local results = require 'torch.results'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F, into, is_tensor, fail = op.F, results.into, handle.is_tensor, errors.fail

local functions = {}

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
  return x
end

local function number(name, what, x, otherwise)
  if x == nil then x = otherwise end
  if type(x) ~= 'number' then
    fail('%s: expected %s as a number, got %s', name, what, x == nil and 'nothing' or type(x))
  end
  return x
end

-- -- Histograms -------------------------------------------------------------------------------------------------

local function histogram(name, by_row)
  local function run(x, bins, low, high)
    bins = sizes.integer(name, bins or 100)
    return F.histogram(check(name, x), bins, number(name, 'a lower bound', low, 0),
                       number(name, 'an upper bound', high, 0), by_row)
  end
  functions[name] = function(a, b, ...)
    if is_tensor(b) then return into(check(name, a), run(b, ...)) end
    return run(a, b, ...)
  end
end

--- torch.histc([result,] x[, bins][, low, high]): how many elements fall into each of bins (100) equal parts of
-- low … high; equal bounds (the default): of the elements' own range
histogram('histc', false)

--- torch.bhistc([result,] x[, bins][, low, high]): the same for each row of a matrix
histogram('bhistc', true)

-- -- Distances --------------------------------------------------------------------------------------------------

--- torch.match([result,] x, y[, gain]): a matrix of the squared distances of the rows of x from the rows of y, times
-- gain (1)
function functions.match(a, b, c, gain)
  if is_tensor(c) then return into(check('match', a), F.match(b, c, number('match', 'a gain', gain, 1))) end
  return F.match(a, b, number('match', 'a gain', c, 1))
end

-- -- Norms ------------------------------------------------------------------------------------------------------

local function renorm(x, p, dim, most)
  p, most = number('renorm', 'a norm', p), number('renorm', 'a greatest norm', most)
  dim = sizes.dim('renorm', check('renorm', x), dim)
  if handle.layout(x).dim < 2 then fail('renorm: expected 2 dimensions or more, got %s', sizes.text(x)) end
  if p <= 0 then fail('renorm: expected a norm above 0, got %g', p) end
  return F.renorm(x, p, dim, most)
end

--- torch.renorm([result,] x, p, dim, most): each slice along a dimension is scaled down to the p-norm most where it is
-- above that; x:renorm(p, dim, most) does so in place
function functions.renorm(a, b, ...)
  if is_tensor(b) then return into(check('renorm', a), renorm(b, ...)) end
  return renorm(a, b, ...)
end

local methods = {histc = functions.histc, bhistc = functions.bhistc, match = functions.match}

function methods:renorm(a, ...)
  if is_tensor(a) then return into(self, renorm(a, ...)) end
  return into(self, renorm(self, a, ...))
end

return {functions = functions, methods = methods}
