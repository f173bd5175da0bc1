--- torch.npy, torch.npz and so on: tables of functions, whose code is only loaded with the first call.
local names = {
  npy = {'load', 'save', 'decode'}, npz = {'load', 'save', 'decode'}, safetensors = {'load', 'save', 'decode'},
  pickle = {'load', 'decode', 'keys'}, csv = {'load', 'save', 'decode'}, json = {'load', 'save', 'decode', 'encode'},
}

local function lazy(module, functions)
  local package = {}
  local function load()
    setmetatable(package, nil)
    for name, value in pairs(require(module)) do package[name] = value end
  end
  for _, name in ipairs(functions) do
    package[name] = function(...)
      load()
      return package[name](...)
    end
  end
  -- what is no function, such as torch.json.null
  return setmetatable(package, {__index = function(_, name)
    load()
    return rawget(package, name)
  end})
end

local packages = {}
for name, functions in pairs(names) do packages[name] = lazy('torch.formats.' .. name, functions) end
return packages
