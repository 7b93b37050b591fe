/**
 * The table of settings, generated from `src/protocol/settings.rs`, which says what each of these fields is. `label` is
 * null where neither the form nor a link has the setting.
 */

export const SETTINGS = /** @type {const} */ ([
  {
    name: 'network', part: 'recipe', kind: 'structure', words: ['tutorial', 't', 's-24-48-72', 's-32-64-96', 's-40-68-92', 's-64-112-128'], default: 'tutorial',
    unit: '', label: 'Network',
    sentence: 'The network: a preset\'s name (`t` has batch normalisation before each ReLU; `s-…` are deeper, of so many filters), or its layers.',
  },
  {
    name: 'pixels', part: 'recipe', kind: 'structure', words: ['unit'], default: 'unit',
    unit: '', label: null,
    sentence: 'What is done to pixels first: ÷ 255 alone, or then less each channel\'s mean, over its deviation.',
  },
  {
    name: 'norm_group', part: 'recipe', kind: 'structure', words: ['batch'], default: {'records':32},
    unit: 'images', label: null,
    sentence: 'How many images batch normalisation takes together: so many, or all of a batch, which one worker computes.',
  },
  {
    name: 'train', part: 'recipe', kind: 'whole', low: 1, high: 250000, default: 50000,
    unit: 'images', label: 'Training images',
    sentence: 'Training images: the first ones in official order.',
  },
  {
    name: 'test', part: 'recipe', kind: 'whole', low: 1, high: 250000, default: 10000,
    unit: 'images', label: 'Test images',
    sentence: 'Test images: the first ones in official order.',
  },
  {
    name: 'epochs', part: 'recipe', kind: 'whole', low: 1, high: 1000, default: 10,
    unit: 'epochs', label: 'Epochs',
    sentence: 'Passes over the training images.',
  },
  {
    name: 'batch', part: 'recipe', kind: 'whole', low: 1, high: 4096, default: 32,
    unit: 'images', label: 'Batch size',
    sentence: 'Images in one optimiser step.',
  },
  {
    name: 'last_batch', part: 'recipe', kind: 'choice', words: ['keep', 'drop'], default: 'keep',
    unit: '', label: null,
    sentence: 'What becomes of an epoch\'s images that fill no whole batch: a smaller batch, or they are left out.',
  },
  {
    name: 'lr', part: 'recipe', kind: 'positive', high: 10, default: 0.001,
    unit: '', label: 'Learning rate',
    sentence: 'Learning rate.',
  },
  {
    name: 'seed', part: 'recipe', kind: 'whole', low: 0, high: 4294967295, default: 1,
    unit: '', label: 'Seed',
    sentence: 'Seed of the initial weights, the shuffles, the augmentation and of what is held out.',
  },
  {
    name: 'optimizer', part: 'recipe', kind: 'choice', words: ['adam'], default: 'adam',
    unit: '', label: null,
    sentence: 'The rule that turns gradients into new weights.',
  },
  {
    name: 'augment', part: 'recipe', kind: 'choice', words: ['none', 'flip-shift'], default: 'none',
    unit: '', label: 'Augmentation',
    sentence: 'What is done to a training image first: nothing, or a horizontal flip half of the time and a shift by up to 2 pixels.',
  },
  {
    name: 'hold_out', part: 'recipe', kind: 'choice', words: ['by-class', 'last'], default: 'by-class',
    unit: '', label: null,
    sentence: 'Which training images are held out to measure on where there are no test images.',
  },
  {
    name: 'backend', part: 'compute', kind: 'choice', words: ['auto', 'webgpu', 'flex', 'ndarray'], default: 'auto',
    unit: '', label: 'Backend',
    sentence: 'What computes: `auto` is WebGPU on a hardware adapter that is faster than the CPU, else flex.',
  },
  {
    name: 'workers', part: 'compute', kind: 'whole', low: 0, high: 64, default: 0,
    unit: 'workers', label: 'Processor cores',
    sentence: 'CPU workers that share a step on flex; 0: as many as pay here.',
  },
  {
    name: 'operators', part: 'compute', kind: 'choice', words: ['blocks', 'layers'], default: 'blocks',
    unit: '', label: null,
    sentence: 'What computes the convolutions on flex: ConvBurn\'s own blocks, or Burn\'s operators, to compare with.',
  },
  {
    name: 'arithmetic', part: 'compute', kind: 'choice', words: ['auto', 'portable'], default: 'auto',
    unit: '', label: 'Arithmetic',
    sentence: 'How those blocks round: as is fastest on the machine, or as every machine can, to the same bits.',
  },
  {
    name: 'report_every_ms', part: 'compute', kind: 'whole', low: 10, high: 60000, default: 250,
    unit: 'ms', label: null,
    sentence: 'Time between two progress events.',
  },
]);
