--- The tutorials at toy size.
local t = require 'harness'
local dataset = require 'dataset'

local th = os.getenv('TH') or 'build/bin/th'

local function run(command)
  local pipe = io.popen(command .. ' 2>&1; echo "status $?"')
  local text = pipe:read('*a')
  pipe:close()
  t.eq(tonumber(text:match('status (%d+)%s*$')), 0, text:sub(-2000))
  return text
end

t.test('01-lenet learns, saves, loads and draws', function()
  if not io.open(dataset.fashion_folder .. '/t10k-labels-idx1-ubyte.gz') then
    t.skip('the package dataset-fashion-mnist is not installed')
  end
  local path = os.tmpname()
  local text = run(('%s tutorials/01-lenet/train.lua --limit 2000 --epochs 2 --save %s'):format(th, path))
  os.remove(path)
  assert(text:find('431080 parameters'), text)
  assert(text:find('its output differs by 0\n'), text)
  assert(text:find('→ '), text)
  local accuracy = tonumber(text:match('test accuracy: ([%d%.]+) %%'))
  assert(accuracy > 60, 'accuracy ' .. accuracy)
end)

t.test('01-lenet: a folder without data is an error that says so', function()
  local pipe = io.popen(th .. ' tutorials/01-lenet/train.lua --data /nonexistent 2>&1')
  local text = pipe:read('*a')
  pipe:close()
  assert(text:find('train.lua:%d+: dataset: neither train%-images'), text)
end)
