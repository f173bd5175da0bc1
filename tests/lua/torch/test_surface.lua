--- The names that scripts for Torch7 find in torch, in its tensors and in its other classes.
local t = require 'harness'
local torch = require 'torch'

local function each(names, f)
  for name in names:gmatch('%S+') do f(name) end
end

local functions = [[
  TestSuite abs acos add addbmm addcdiv addcmul addmm addmv addr all any asin atan atan2 baddbmm bernoulli bhistc
  bitand bitor bitxor bmm cat cauchy cbitand cbitor cbitxor cdata cdiv ceil cfmod chunk cinv clamp class clshift
  cmax cmin cmod cmul cos cosh cpow cremainder cross crshift csub cumprod cumsum data deserialize
  deserializeFromStorage diag dist div dot eq equal exp expand expandAs exponential eye factory fill floor fmod
  frac gather ge geometric ger getRNGState getconstructortable getdefaulttensortype getenv getmetatable
  getnumcores getnumthreads gt histc include initialSeed isStorage isTensor isTypeOf isatty isequal kthvalue le
  lerp linspace load loadobj log log1p logNormal logspace lshift lt manualSeed match max mean median metatype min
  mm mod mode mul multinomial multinomialAlias multinomialAliasSetup multinomialAliasSetup_ multinomialAlias_ mv
  ne neg newmetatable nonzero norm normal numel ones packageLuaPath permute pointer pow prod pushudata rand randn
  random randperm range remainder renorm repeatTensor reshape round rshift rsqrt save saveobj scatter seed
  serialize serializeToStorage setRNGState setdefaulttensortype setenv setheaptracking setmetatable setnumthreads
  sigmoid sign sin sinh sort split sqrt squeeze std sum tan tanh test tic toc topk totable trace tril triu trunc
  type typename uniform updateerrorhandlers updatethreadlocals var version view viewAs zero zeros
]]

local classes = [[
  Allocator ByteStorage ByteTensor CharStorage CharTensor CmdLine DiskFile DoubleStorage DoubleTensor File FloatStorage
  FloatTensor Generator HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor MemoryFile PipeFile
  ShortStorage ShortTensor Storage Tensor Tester Timer
]]

local of_tensors = [[
  __add__ __div__ __index__ __len__ __mod__ __mul__ __newindex__ __sub__ __tostring__ __unm__ abs acos add addbmm
  addcdiv addcmul addmm addmv addr apply asin atan atan2 baddbmm bernoulli bhistc bitand bitor bitxor bmm byte cat
  cauchy cbitand cbitor cbitxor cdata cdiv ceil cfmod char chunk cinv clamp clone clshift cmax cmin cmod cmul
  contiguous copy cos cosh cpow cremainder cross crshift csub cumprod cumsum data diag dim dist div dot double
  elementSize eq equal exp expand expandAs exponential eye fill float floor fmod frac free gather ge geometric ger
  gt half histc index indexAdd indexCopy indexFill int isContiguous isSameSizeAs isSetTo isSize isTensor kthvalue
  le lerp linspace log log1p logNormal logspace long lshift lt map map2 maskedCopy maskedFill maskedSelect match
  max mean median min mm mod mode mul multinomial multinomialAliasSetup_ multinomialAlias_ mv nDimension nElement
  narrow ne neg new nonzero norm normal numel ones permute pow prod rand randn random randperm range read real
  remainder renorm repeatTensor reshape resize resizeAs retain round rshift rsqrt scatter select set short sigmoid
  sign sin sinh size sort split sqrt squeeze std storage storageOffset stride sub sum t tan tanh topk totable
  trace transpose tril triu trunc type typeAs unfold uniform var view viewAs write zero zeros
]]

local of_files = [[
  __tostring__ ascii autoSpacing binary clearError close hasError isAutoSpacing isBinary isQuiet isReadable isReferenced
  isWritable isWritableObject longSize new noAutoSpacing pedantic position quiet readBool readByte readChar readDouble
  readFloat readInt readLong readObject readShort readString referenced seek seekEnd synchronize writeBool writeByte
  writeChar writeDouble writeFloat writeInt writeLong writeObject writeShort writeString
]]

local of_streams = of_files .. [[
  bigEndianEncoding isBigEndianCPU isLittleEndianCPU littleEndianEncoding nativeEndianEncoding noBuffer
]]

local of_classes = {
  DiskFile = of_streams,
  PipeFile = of_streams,
  MemoryFile = of_files .. 'storage',
  DoubleStorage = [[__index__ __len__ __newindex__ __tostring__ cdata copy data elementSize fill free new read resize
    retain size totable write]],
  ByteStorage = 'string',
  Timer = '__tostring__ new reset resume stop time',
  Generator = 'new read write',
  CmdLine = [[__readArgument__ __readOption__ addTime argument default error help log new option parse silent string
    text]],
  Tester = [[_addDebugInfo _assertTableEqOrNeq _assertTensorEqOrNeq _assert_sub _eqOrNeq _failure _getTests _pcall
    _report _run _success _warning add assert assertError assertErrorMsg assertErrorObj assertErrorPattern
    assertGeneralEq assertGeneralNe assertNoError assertTableEq assertTableNe assertTensorEq assertTensorNe
    assertalmosteq asserteq assertge assertgt assertle assertlt assertne disable eq ne new run setEarlyAbort
    setRethrowErrors setSummaryOnly]],
}

t.test('torch', function()
  each(functions, function(name) t.eq(type(torch[name]), 'function', 'torch.' .. name) end)
  each(classes, function(name) t.ok(torch[name] ~= nil, 'torch.' .. name) end)
  t.eq({torch.typename(torch._gen), type(torch._heaptracking)}, {'torch.Generator', 'boolean'})
end)

t.test('tensors of every type', function()
  for _, kind in ipairs {'Float', 'Double', 'Half', 'BFloat16', 'Byte', 'Char', 'Short', 'Int', 'Long'} do
    local Type = torch[kind .. 'Tensor']
    each(of_tensors, function(name)
      t.eq(type(rawget(Type, name)), 'function', kind .. 'Tensor.' .. name)
      t.eq(type(Type()[name]), 'function', name)
    end)
  end
end)

t.test('other classes', function()
  for class, names in pairs(of_classes) do
    each(names, function(name) t.eq(type(torch[class][name]), 'function', class .. '.' .. name) end)
  end
end)
