--- The packages stand on floors, and none looks up: every `require` in lua/ and tutorials/ is read.
local t = require 'harness'

-- A package may require itself and packages of lower floors.
local floors = {
  paths = 0, torch = 1, cutorch = 2, autograd = 2, dataset = 2, hdf5 = 2, trepl = 2, sys = 2, xlua = 3, threads = 3,
  tds = 2, graph = 3, nn = 3, optim = 4, nngraph = 4, dpnn = 4, image = 4, rnn = 5, models = 6, tutorials = 7,
}

-- Modules that come with LuaJIT.
local built_in = {ffi = true, bit = true, jit = true, table = true, string = true}

local function files(folder)
  local pipe = assert(io.popen(("find '%s' -name '*.lua' | sort"):format(folder)))
  local list = {}
  for path in pipe:lines() do list[#list + 1] = path end
  pipe:close()
  assert(#list > 0, 'no Lua files in ' .. folder)
  return list
end

local function requires(path)
  local list, file = {}, assert(io.open(path))
  for line in file:lines() do
    local code = line:gsub('%-%-.*', '')
    for name in code:gmatch('require%s*%(?%s*[\'"]([%w_%.%-]+)[\'"]') do list[#list + 1] = name end
  end
  file:close()
  return list
end

local function check(path, package)
  local floor = floors[package] or error(path .. ': package ' .. package .. ' has no floor in this test', 0)
  for _, name in ipairs(requires(path)) do
    local wanted = name:match('^[^%.]+')
    if not built_in[wanted] and wanted ~= package and not (package == 'tutorials' and not floors[wanted]) then
      local below = floors[wanted] or error(('%s requires %s, which has no floor'):format(path, name), 0)
      if below >= floor then error(('%s (floor %d) requires %s (floor %d)'):format(path, floor, name, below), 0) end
    end
  end
end

t.test('no package looks up', function()
  for _, path in ipairs(files('lua')) do check(path, path:match('^lua/([^/]+)')) end
  for _, path in ipairs(files('tutorials')) do check(path, 'tutorials') end
end)

t.test('the library names neither Lua nor CUDA headers', function()
  local pipe = assert(io.popen("grep -rlE '#include *[<\"](lua|lauxlib|cuda|cublas)' lib || true"))
  local found = pipe:read('*a')
  pipe:close()
  t.eq(found, '')
end)
