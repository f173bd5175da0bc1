--- optim.polyinterp(points[, least, most]): where a polynomial through points is least.
-- points: n×3, each row {x, f(x), f′(x)}; the polynomial has degree 2n − 1. least, most: bounds of x (default: the
-- points' own). Returns the place and the polynomial's value there.
-- Two points without bounds are answered by the formula for cubics, with the result between the points.
-- Source: Nocedal and Wright, "Numerical Optimization", 2006, equation 3.59.
local torch = require 'torch'

-- The cubic's minimum between two points, or their middle when it has none.
local function between(a, b)
  if b[2] < a[2] then a, b = b, a end
  local d1 = a[3] + b[3] - 3 * (a[2] - b[2]) / (a[1] - b[1])
  local square = d1 * d1 - a[3] * b[3]
  if square < 0 or square ~= square then return (a[1] + b[1]) / 2 end
  local d2 = math.sqrt(square)
  local place = b[1] - (b[1] - a[1]) * (b[3] + d2 - d1) / (b[3] - a[3] + 2 * d2)
  return math.min(math.max(place, a[1]), b[1])
end

-- Coefficients of the cubic through two points in s = x − x₁, lowest power first.
local function cubic(a, b)
  local h = b[1] - a[1]
  local slope = (b[2] - a[2]) / h
  return {a[2], a[3], (3 * slope - 2 * a[3] - b[3]) / h, (a[3] + b[3] - 2 * slope) / (h * h)}
end

-- The same for any number of points: values and slopes are linear in the coefficients.
local function polynomial(rows)
  local n, origin = #rows, rows[1][1]
  local a, b = torch.DoubleTensor(2 * n, 2 * n), torch.DoubleTensor(2 * n, 1)
  for i, row in ipairs(rows) do
    local s = row[1] - origin
    for k = 0, 2 * n - 1 do
      a[2 * i - 1][k + 1] = s ^ k
      a[2 * i][k + 1] = k == 0 and 0 or k * s ^ (k - 1)
    end
    b[2 * i - 1][1], b[2 * i][1] = row[2], row[3]
  end
  return torch.gesv(b, a):select(2, 1):totable()
end

-- Real places where the polynomial is flat.
local function flat_places(c)
  local slope = {}
  for k = 2, #c do slope[k - 1] = (k - 1) * c[k] end
  while #slope > 1 and slope[#slope] == 0 do slope[#slope] = nil end
  if #slope == 1 then return {} end
  if #slope == 2 then return {-slope[1] / slope[2]} end
  if #slope == 3 then
    local square = slope[2] * slope[2] - 4 * slope[3] * slope[1]
    if square < 0 or square ~= square then return {} end
    local q = -0.5 * (slope[2] + (slope[2] < 0 and -1 or 1) * math.sqrt(square))   -- without cancellation
    return q == 0 and {0} or {q / slope[3], slope[1] / q}
  end
  local n = #slope - 1
  local companion = torch.DoubleTensor(n, n):zero()
  for k = 1, n do companion[1][k] = -slope[n + 1 - k] / slope[n + 1] end
  for k = 2, n do companion[k][k - 1] = 1 end
  local values, places = torch.eig(companion, 'N'), {}
  for k = 1, n do
    if values[k][2] == 0 then places[#places + 1] = values[k][1] end
  end
  return places
end

local function value_at(c, s)
  local v = 0
  for k = #c, 1, -1 do v = v * s + c[k] end
  return v
end

local function polyinterp(points, least, most)
  local rows = points:totable()
  if #rows == 2 and not least and not most then return between(rows[1], rows[2]) end
  local origin, low, high = rows[1][1], math.huge, -math.huge
  for _, row in ipairs(rows) do low, high = math.min(low, row[1]), math.max(high, row[1]) end
  least, most = least or low, most or high
  local c = #rows == 2 and cubic(rows[1], rows[2]) or polynomial(rows)
  local candidates = flat_places(c)
  for i = 1, #candidates do candidates[i] = candidates[i] + origin end
  for _, row in ipairs(rows) do candidates[#candidates + 1] = row[1] end
  candidates[#candidates + 1], candidates[#candidates + 2] = least, most
  local place, value = (least + most) / 2, math.huge
  for _, x in ipairs(candidates) do
    local v = value_at(c, x - origin)
    if x >= least and x <= most and v < value then place, value = x, v end
  end
  return place, value
end

return polyinterp
