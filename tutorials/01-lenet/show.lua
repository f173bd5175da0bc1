--- What the tutorial shows in a terminal: images drawn with Unicode blocks.
local terminal = require 'xlua.terminal'

local show = {}

-- -- Images -----------------------------------------------------------------------------------------------------

-- The mean of a block of pixels, 0 to 255.
local function block(image, row, column, height, wide)
  return image:narrow(1, row, height):narrow(2, column, wide):double():mean()
end

-- One character for the pixels above and below: two greys where the terminal has colours, else one shade for both.
local function cell(upper, lower)
  if terminal.is_terminal() and not os.getenv('NO_COLOR') then
    local function grey(v) return 232 + math.floor(v / 255 * 23 + 0.5) end
    return ('\27[38;5;%d;48;5;%dm▀\27[0m'):format(grey(upper), grey(lower))
  end
  local shades = {[0] = ' ', '░', '▒', '▓', '█'}
  return shades[math.floor((upper + lower) / 2 / 255 * 4 + 0.5)]
end

local function centred(text, columns)
  local room = columns - #text:gsub('[\128-\191]', '')   -- characters of several bytes count once
  local before = math.max(0, math.floor(room / 2))
  return (' '):rep(before) .. text .. (' '):rep(room - before)
end

--- Draws 28x28 images (ByteTensors) in a row, with lines of captions under each: captions[i] = {'true', 'predicted'}.
-- Pixels are averaged in blocks where the terminal is narrow.
function show.images(images, captions)
  local step = terminal.width() >= #images * 30 and 1 or 2
  local columns = 28 / step
  for row = 1, 28, 2 * step do
    local line = {}
    for i, image in ipairs(images) do
      local cells = {}
      for column = 1, 28, step do
        cells[#cells + 1] = cell(block(image, row, column, step, step), block(image, row + step, column, step, step))
      end
      line[i] = table.concat(cells)
    end
    print(' ' .. table.concat(line, '  '))
  end
  for k = 1, #captions[1] do
    local line = {}
    for i = 1, #images do line[i] = centred(captions[i][k], columns) end
    print(' ' .. table.concat(line, '  '))
  end
end

return show
