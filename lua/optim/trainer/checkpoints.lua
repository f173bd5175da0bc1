--- Checkpoints in a folder: checkpoint-000123.t7 after step 123. The newest few are kept.
local torch = require 'torch'
local errors = require 'torch.errors'
local libc = require 'torch.libc'
local paths = require 'paths'

local checkpoints = {}

local function list(folder)
  local found = {}
  for _, name in ipairs(paths.dirp(folder) and paths.dir(folder) or {}) do
    local step = name:match('^checkpoint%-(%d+)%.t7$')
    if step then found[#found + 1] = {step = tonumber(step), path = folder .. '/' .. name} end
  end
  table.sort(found, function(a, b) return a.step < b.step end)
  return found
end

--- Saves a state, whole or not at all, and removes all but the newest keep.
function checkpoints.save(folder, step, state, keep)
  libc.make_folder(folder)
  torch.save(('%s/checkpoint-%06d.t7'):format(folder, step), state)
  local found = list(folder)
  for i = 1, #found - keep do os.remove(found[i].path) end
end

--- The newest state, or nil when there is none.
function checkpoints.newest(folder)
  local found = list(folder)
  if #found == 0 then return nil end
  local path = found[#found].path
  local state = torch.load(path)
  if type(state) ~= 'table' or state.format ~= 'optim.Trainer' then
    errors.fail('Trainer: %s holds no training run', path)
  end
  return state
end

return checkpoints
