--- Files of torch.formats, in /dev/shm where there is one, so that no disk is measured. bytes: the file's, where
-- they have to be read: safetensors are mapped.
local torch = require 'torch'
local libc = require 'torch.libc'

local folder = io.open('/dev/shm/.', 'r') and '/dev/shm/' or '/tmp/'
local goal = 1.0

-- A row that loads a file which `save` has written; the file goes with the process's last row.
local function loading(name, bytes, save, load)
  return {name = name, goal = goal, bytes = bytes, make = function(pick)
    local path = ('%smoontorch-bench-%d'):format(folder, libc.C.mt_c_getpid())
    save(path, pick)
    local remove = newproxy(true)
    getmetatable(remove).__gc = function() os.remove(path) end
    return function() return load(path), remove end
  end}
end

return {
  loading('load 500 MB of safetensors', nil, function(path, pick)
    local weights = {}
    for i = 1, pick(100, 3) do weights['layer' .. i] = torch.FloatTensor(pick(1250, 10), pick(1000, 10)):fill(i) end
    torch.safetensors.save(path, weights)
  end, function(path) return torch.safetensors.load(path) end),
  loading('load 200 MB of .npy', 200e6, function(path, pick)
    torch.npy.save(path, torch.FloatTensor(pick(10000, 10), pick(5000, 10)):fill(1))
  end, function(path) return torch.npy.load(path) end),
  loading('load 5 M numbers of CSV', 90e6, function(path, pick)
    torch.csv.save(path, torch.DoubleTensor(pick(500000, 50), 10):uniform())
  end, function(path) return torch.csv.load(path) end),
}
