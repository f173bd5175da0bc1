--- dataset: reading well-known data sets.
local errors = require 'torch.errors'
local idx = require 'dataset.idx'

errors.package()

local dataset = {idx = idx}

dataset.fashion_names = {'T-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'boot'}
dataset.digit_names = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}

-- Where Debian's package dataset-fashion-mnist puts its files.
dataset.fashion_folder = '/usr/share/datasets/fashion-mnist'

local function find(folder, name)
  for _, ending in ipairs {'', '.gz'} do
    local path = folder .. '/' .. name .. ending
    local file = io.open(path, 'rb')
    if file then
      file:close()
      return path
    end
  end
  return errors.fail('dataset: neither %s nor %s.gz is in %s', name, name, folder)
end

local function part(folder, name)
  local images = idx(find(folder, name .. '-images-idx3-ubyte'))
  local labels = idx(find(folder, name .. '-labels-idx1-ubyte'))
  if images:dim() ~= 3 or labels:dim() ~= 1 or images:size(1) ~= labels:size(1) then
    errors.fail('dataset: expected N images and N labels in %s, got tensors of sizes %s and %s', folder,
                table.concat(images:size():totable(), 'x'), table.concat(labels:size():totable(), 'x'))
  end
  return {images = images, labels = labels:long() + 1}
end

--- Images and labels in the four files that MNIST and Fashion-MNIST consist of, gzipped or not.
-- Returns train and test, each {images = ByteTensor N×28×28, labels = LongTensor N, from 1}.
--   local train, test = dataset.mnist(dataset.fashion_folder)
function dataset.mnist(folder)
  return part(folder, 'train'), part(folder, 't10k')
end

package.loaded.dataset = dataset
return dataset
