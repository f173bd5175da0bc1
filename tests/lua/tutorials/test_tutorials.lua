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

-- -- 02-char-rnn --------------------------------------------------------------------------------------------------

local function write_text(content)
  local path = os.tmpname()
  local file = assert(io.open(path, 'w'))
  file:write(content)
  file:close()
  return path
end

local char_rnn = th .. ' tutorials/02-char-rnn/'

t.test('02-char-rnn learns a rhyme, saves, loads and writes it', function()
  local rhyme = 'one for the master, one for the dame, one for the boy who lives down the lane.\n'
  local path, saved = write_text(rhyme:rep(150)), os.tmpname()
  local text = run(('%strain.lua --text %s --epochs 3 --size 32 --steps 15 --batch 8 --rate 0.01 --save %s'):format(
    char_rnn, path, saved))
  local loss = tonumber(text:match('validation loss: ([%d%.]+)'))
  assert(loss < 0.5, text)
  local sample = run(('%ssample.lua --load %s --temperature 0 --length 30 --start "one for the "'):format(char_rnn,
                                                                                                       saved))
  assert(sample:find('^one for the %l'), sample)
  t.eq(run(('%ssample.lua --load %s --seed 3 --length 20'):format(char_rnn, saved)),
       run(('%ssample.lua --load %s --seed 3 --length 20'):format(char_rnn, saved)))
  os.remove(path)
  os.remove(saved)
end)

t.test('02-char-rnn on Shakespeare', function()
  local path = '../shared/data/text/tinyshakespeare.txt'
  if not io.open(path) then t.skip('there is no ' .. path) end
  local saved = os.tmpname()
  local text = run(('%strain.lua --text %s --limit 30000 --epochs 1 --size 32 --steps 10 --batch 20 --rate 0.01 ' ..
                    '--save %s'):format(char_rnn, path, saved))
  os.remove(saved)
  assert(text:find('30000 characters, %d+ different ones'), text)
  assert(tonumber(text:match('validation loss: ([%d%.]+)')) < 3, text)
end)

t.test('02-char-rnn: what is wrong with the text is said', function()
  local function fails(arguments, pattern)
    local pipe = io.popen(char_rnn .. arguments .. ' 2>&1')
    local text = pipe:read('*a')
    pipe:close()
    assert(text:find(pattern), text)
  end
  fails('train.lua', 'give a text to learn from: %-%-text FILE')
  fails('train.lua --text /nonexistent', 'cannot open the text: /nonexistent')
  local short = write_text('too short')
  fails('train.lua --text ' .. short, 'too few for a batch')
  os.remove(short)
end)

-- -- Errors ---------------------------------------------------------------------------------------------------------

t.test('01-lenet: a folder without data is an error that says so', function()
  local pipe = io.popen(th .. ' tutorials/01-lenet/train.lua --data /nonexistent 2>&1')
  local text = pipe:read('*a')
  pipe:close()
  assert(text:find('train.lua:%d+: dataset: neither train%-images'), text)
end)
