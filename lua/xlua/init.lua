--- xlua: a progress bar, named arguments, option parsing and other helpers of scripts. require 'xlua' also sets the
-- globals xlua, xprint, xerror and xrequire, and adds to the tables string and table (see xlua.extensions).
local errors = require 'torch.errors'

errors.package()

local progress = require 'xlua.progress'
require 'xlua.extensions'

local xlua = {
  OptionParser = require 'xlua.OptionParser', Profiler = require 'xlua.Profiler',
  progress = progress.progress, formatTime = progress.formatTime,
}

local function add(part)
  for name, f in pairs(part) do xlua[name] = f end
end
add(require 'xlua.text')
add(require 'xlua.arguments')

--- xlua.trycatch(try, catch): runs try(), and catch(error) when it fails
function xlua.trycatch(try, catch)
  local ok, reason = pcall(try)
  if not ok then catch(reason) end
end

--- xlua.installed(name): whether a package is installed, and where it lies
function xlua.installed(name)
  local path = package.searchpath(name, package.path) or package.searchpath(name, package.cpath)
  return path ~= nil, path
end

--- xlua.require(name): loads a package; where it cannot, says so and gives false
function xlua.require(name)
  local ok, module = pcall(require, name)
  if ok then return module end
  print(module)
  print(('warning: <%s> could not be loaded (is it installed?)'):format(name))
  return false
end

local truth = {['true'] = true, True = true, ['false'] = false, False = false}

-- The text of a variable as a value like the default.
local function convert(name, words, default)
  local value = words
  if type(default) == 'number' then value = tonumber(words) end
  if type(default) == 'boolean' and truth[words] ~= nil then value = truth[words] end
  if value == nil then errors.fail('envparams: expected a number in the variable %s, got %q', name, words) end
  return value
end

--- xlua.envparams(defaults): a copy of a table of parameters, with those set by environment variables of their names
--   rate=0.01 th train.lua   -- there: opt = xlua.envparams{rate = 0.1, epochs = 5}
function xlua.envparams(defaults)
  local params = {}
  for name, default in pairs(defaults) do
    local words = os.getenv(name)
    params[name] = default
    if words then params[name] = convert(name, words, default) end
  end
  return params
end

package.loaded.xlua = xlua
for name, value in pairs {xlua = xlua, xprint = xlua.print, xerror = xlua.error, xrequire = xlua.require} do
  rawset(_G, name, value)
end
add(require 'xlua.session') -- after the globals, which are then none of the user's
return xlua
