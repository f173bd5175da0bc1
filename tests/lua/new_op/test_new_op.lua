--- A pointwise op is two rows and nothing else: tests/new_op/cube.def goes behind the rows of lib/ops.def, cube.lua
-- behind those of lua/torch/ops/pointwise.lua. Everything built from rows must then know the op, on both devices.
local t = require 'harness'

local build = 'build/new_op'

local function run(command)
  local pipe = assert(io.popen('(' .. command .. ') 2>&1; echo "status $?"'))
  local text = pipe:read('*a')
  pipe:close()
  local status = tonumber(text:match('status (%d+)%s*$'))
  if status ~= 0 then error(command .. '\n' .. text:sub(-3000), 0) end
  return text
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
end

local emulated = build .. '/tests/libmoontorch_cuda.so'

-- Quick code is not needed here, a quick build is.
t.test('both libraries are built with a row more', function()
  run(([[cmake -S . -B %s -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O0 -DCMAKE_CXX_FLAGS=-O0 -DMT_CUDA=OFF \
         -DMT_EXTRA_OPS="$PWD/tests/new_op/cube.def" && cmake --build %s --target moontorch moontorch_cuda_emulated]])
      :format(build, build))
end)

local folder = build .. '/rows'   -- build/lua is a link to the sources
run('mkdir -p ' .. folder .. '/torch/ops')
write(folder .. '/torch/ops/pointwise.lua', read('lua/torch/ops/pointwise.lua') .. read('tests/new_op/cube.lua'))
write(folder .. '/expected_values.lua',
      read('tests/lua/expected_values.lua'):gsub('return {', 'return {cube = function(a) return a * a * a end,', 1))

local function lua(arguments)
  return run(([[MOONTORCH_LIBRARY=%s/lib/libmoontorch.so MOONTORCH_CUDA_LIBRARY=%s \
                LUA_PATH="%s/?.lua;lua/?.lua;lua/?/init.lua;tests/lua/?.lua;;" luajit %s]])
             :format(build, emulated, folder, arguments))
end

t.test('it has functions, methods, help and every dtype', function()
  local text = lua [[-e '
    local torch = require "torch"
    for _, name in ipairs {"Float", "Double", "Half", "BFloat16", "Byte", "Char", "Short", "Int", "Long"} do
      local x = torch[name .. "Tensor"]{2, 3}
      assert(torch.cube(x)[2] == 27 and x:cube()[1] == 8, name)
    end
    print(require "torch.help"("cube"))']]
  assert(text:find('cube(x): x³', 1, true), text)
end)

for _, file in ipairs {'tests/lua/torch/test_ops.lua', 'tests/lua/autograd/test_gradients.lua'} do
  t.test('the table tests of ' .. file .. ' know it and pass', function()
    local text = lua('-e "require(\'torch\') assert(require(\'torch.op\').by_name.cube)" ' .. file)
    assert(text:find('%f[%d]%d+ passed, 0 failed'), text)
  end)
end

t.test('a second device\'s library with other ops than libmoontorch is refused', function()
  local text = run(([[MOONTORCH_LIBRARY=build/lib/libmoontorch.so MOONTORCH_CUDA_LIBRARY=%s \
                      LUA_PATH="lua/?.lua;lua/?/init.lua;;" luajit -e 'print(pcall(require, "cutorch"))']])
                   :format(emulated))
  assert(text:find('cuda: libmoontorch has other ops', 1, true), text)
end)

t.test('it runs on the second device', function()
  local text = lua [[-e '
    local torch = require "torch"
    require "cutorch"
    for _, name in ipairs {"CudaTensor", "CudaDoubleTensor", "CudaHalfTensor", "CudaByteTensor", "CudaLongTensor"} do
      local x = torch.DoubleTensor{{1, 2}, {3, 4}}:type("torch." .. name):t()
      assert(torch.cube(x):double()[{1, 2}] == 27, name)
    end
    print("done")']]
  assert(text:find('done'), text)
end)
