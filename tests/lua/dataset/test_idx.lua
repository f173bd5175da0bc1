--- IDX files: good ones, plain and gzipped, and bad ones.
local t = require 'harness'
local torch = require 'torch'
local dataset = require 'dataset'

local function file(bytes)
  local path = os.tmpname()
  local f = io.open(path, 'wb')
  f:write(bytes)
  f:close()
  return path
end

local header = '\0\0\8\2\0\0\0\2\0\0\0\3'   -- bytes, 2x3

t.test('a plain file and a gzipped one', function()
  local path = file(header .. '\1\2\3\4\5\255')
  t.eq(dataset.idx(path):totable(), {{1, 2, 3}, {4, 5, 255}})
  if os.execute('gzip -k ' .. path .. ' 2>/dev/null') == 0 then
    t.eq(dataset.idx(path .. '.gz'):totable(), {{1, 2, 3}, {4, 5, 255}})
    os.remove(path .. '.gz')
  end
  os.remove(path)
end)

t.test('numbers of several bytes are big-endian', function()
  local path = file('\0\0\11\1\0\0\0\2\1\0\255\254')
  t.eq(dataset.idx(path):totable(), {256, -2})
  os.remove(path)
end)

t.test('bad files: the error names the file and what is wrong', function()
  for bytes, message in pairs {
    [''] = 'ends early: expected 4 bytes of its header',
    ['\0\0\8'] = 'ends early',
    ['PNG\1....'] = 'is no IDX file: it begins with the bytes',
    ['\0\0\7\1\0\0\0\1.'] = 'is no IDX file',
    ['\0\0\8\0'] = 'has 0 dimensions',
    ['\0\0\8\9' .. ('\0\0\0\1'):rep(9) .. '.'] = 'has 9 dimensions',
    ['\0\0\8\2\0\0\0\2'] = 'ends early: expected 8 bytes of its sizes',
    [header .. '\1\2'] = 'ends early: expected 6 bytes of elements, got 2',
    ['\0\0\8\3\127\255\255\255\127\255\255\255\127\255\255\255'] = 'more than a file of its size can hold',
    ['\31\139\8\0garbage that is no deflate stream at all'] = 'is damaged',
  } do
    local path = file(bytes)
    local ok, reason = pcall(dataset.idx, path)
    assert(not ok and reason:find(message, 1, true) and reason:find(path, 1, true), tostring(reason))
    os.remove(path)
  end
  t.raises('No such file', dataset.idx, '/nonexistent/file')
  t.raises('not a regular file', dataset.idx, '/tmp')
end)

t.test('a folder without the files, or with images and labels that do not match', function()
  t.raises('neither train%-images%-idx3%-ubyte nor', dataset.mnist, '/nonexistent')
end)

t.test('Fashion-MNIST of Debian\'s package', function()
  if not io.open(dataset.fashion_folder .. '/t10k-labels-idx1-ubyte.gz') then
    t.skip('the package dataset-fashion-mnist is not installed')
  end
  local train, test = dataset.mnist(dataset.fashion_folder)
  t.eq({train.images:size(1), train.images:size(2), train.images:size(3)}, {60000, 28, 28})
  t.eq({test.labels:size(1), test.labels:min(), test.labels:max()}, {10000, 1, 10})
  for class = 1, 10 do t.eq(torch.eq(train.labels, class):sum(), 6000) end
end)
