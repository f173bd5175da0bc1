--- Files of ours, read by Python's libraries: see expected/formats/readback.py. MT_PYTHON names another Python than
-- python3; what it has no library for is skipped.
local t = require 'harness'
local torch = require 'torch'

local script = debug.getinfo(1, 'S').source:match('^@(.*/)') .. 'expected/formats/readback.py'
local python = os.getenv('MT_PYTHON') or 'python3'

local function output(command)
  local pipe = io.popen(command .. ' 2>&1')
  local text = pipe:read('*a')
  pipe:close()
  return text
end

local function all_types(with_bfloat16)
  local all = {}
  for _, name in ipairs {'Byte', 'Char', 'Short', 'Int', 'Long', 'Half', 'Float', 'Double', 'BFloat16'} do
    if name ~= 'BFloat16' or with_bfloat16 then
      local x = torch.Tensor {{1, 2, 3}, {4, 5, 6}}:type('torch.' .. name .. 'Tensor')
      all[name], all[name .. ' turned'], all[name .. ' none'] = x, x:t(), torch[name .. 'Tensor'](0, 3)
    end
  end
  return all
end

local function write_hdf5(path)
  local found, hdf5 = pcall(require, 'hdf5')
  if not found then return end
  local file = hdf5.open(path, 'w')
  file:write('all', all_types(false))
  file:write('packed/ramp', torch.range(1, 100):int():view(20, 5), hdf5.DataSetOptions():setChunked(8, 9):setDeflate())
  file:close()
end

local function write_all(folder)
  torch.npy.save(folder .. '/plain.npy', torch.Tensor {{0.1, -1e300}, {1 / 0, 5e-324}})
  torch.npz.save(folder .. '/stored.npz', all_types(false))
  torch.npz.save(folder .. '/deflated.npz', all_types(false), true)
  torch.safetensors.save(folder .. '/all.safetensors', all_types(true), {['a "key"'] = 'line\nline, €'})
  write_hdf5(folder .. '/all.h5')
  torch.json.save(folder .. '/values.json', {
    x = torch.Tensor {{0.1, 1 / 3}, {1e300, -5e-324}}, text = '€/"\n', list = {true, torch.json.null, 2 ^ 53 - 1},
    empty = torch.Tensor(),
  })
  torch.csv.save(folder .. '/table.csv', torch.Tensor {{0.1, 1 / 3}, {0 / 0, -1 / 0}}, {header = {'x', 'a, "b"'}})
end

local lines

t.test('Python reads what was written', function()
  if not output(python .. ' --version'):find('^Python 3') then t.skip('there is no ' .. python) end
  local folder = os.tmpname()
  os.remove(folder)
  os.execute("mkdir '" .. folder .. "'")
  write_all(folder)
  lines = output(("%s '%s' '%s'"):format(python, script, folder))
  os.execute("rm -r '" .. folder .. "'")
  t.ok(lines:find('read table.csv', 1, true), lines) -- the last one
end)

for _, name in ipairs {'plain.npy', 'stored.npz', 'deflated.npz', 'all.safetensors', 'all.h5'} do
  t.test(name, function()
    if not lines then t.skip('there is no ' .. python) end
    local skipped = lines:match('skipped ' .. name:gsub('%p', '%%%0') .. ': ([^\n]*)')
    if skipped then t.skip(skipped) end
    t.ok(lines:find('read ' .. name, 1, true), lines)
  end)
end
