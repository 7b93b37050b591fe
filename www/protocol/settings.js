/**
 * The table of settings, generated from `src/protocol/settings.rs`, which says what each of these fields is. `label` is
 * null where neither the form nor a link has the setting.
 */

export const SETTINGS = /** @type {const} */ ([
  {
    name: 'network', part: 'recipe', kind: 'structure', words: ['tutorial', 't', 's-24-48-72', 's-40-48-60', 's-32-64-96', 's-40-68-92', 's-64-112-128'], default: 'tutorial',
    unit: '', label: 'Network',
    sentence: 'The network: a preset\'s name (`t` has batch normalisation before each ReLU; `s-…` are deeper, of so many filters), or its layers.',
  },
  {
    name: 'pixels', part: 'recipe', kind: 'structure', words: ['unit'], default: 'unit',
    unit: '', label: 'Pixels',
    sentence: 'What is done to pixels first: ÷ 255 alone, or then less each channel\'s mean, over its deviation.',
  },
  {
    name: 'norm_group', part: 'recipe', kind: 'structure', words: ['batch'], default: {'records':32},
    unit: 'images', label: 'Images normalised together',
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
    unit: '', label: 'Last batch',
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
    name: 'optimizer', part: 'recipe', kind: 'choice', words: ['adam', 'adamw', 'sgd', 'rmsprop', 'muon'], default: 'adam',
    unit: '', label: 'Optimiser',
    sentence: 'The rule that turns gradients into new weights.',
  },
  {
    name: 'momentum', part: 'recipe', kind: 'below', end: 1, default: 0.0,
    unit: '', label: 'Momentum',
    sentence: 'Momentum of `sgd`, of `rmsprop` and of what `muon` leaves to SGD.',
  },
  {
    name: 'nesterov', part: 'recipe', kind: 'choice', words: ['off', 'on'], default: 'off',
    unit: '', label: 'Nesterov',
    sentence: 'Whether SGD\'s momentum looks ahead, as Nesterov has it.',
  },
  {
    name: 'velocity', part: 'recipe', kind: 'choice', words: ['rate-inside', 'rate-outside'], default: 'rate-inside',
    unit: '', label: 'Velocity',
    sentence: 'Where the learning rate enters SGD\'s velocity: inside it, as in Keras, or outside, as in PyTorch.',
  },
  {
    name: 'weight_decay', part: 'recipe', kind: 'between', low: 0, high: 1, default: 0.0,
    unit: '', label: 'Weight decay',
    sentence: 'How strongly each step draws weights towards 0; of what `muon` moves the length is fixed, and does not decay.',
  },
  {
    name: 'decay', part: 'recipe', kind: 'choice', words: ['coupled', 'decoupled'], default: 'decoupled',
    unit: '', label: 'Way of decay',
    sentence: 'How they decay: as a part of the gradient, or beside it as Keras\'s `weight_decay` does.',
  },
  {
    name: 'decay_of', part: 'recipe', kind: 'choice', words: ['weights', 'all'], default: 'weights',
    unit: '', label: 'What decays',
    sentence: 'What decays: kernels and matrices alone, or biases and normalisation too.',
  },
  {
    name: 'norm_bias_lr_factor', part: 'recipe', kind: 'positive', high: 100, default: 1.0,
    unit: '', label: 'Factor for norm biases',
    sentence: 'Factor on the learning rate of normalisation\'s biases.',
  },
  {
    name: 'muon_lr', part: 'recipe', kind: 'positive', high: 10, default: 0.05,
    unit: '', label: 'Muon’s learning rate',
    sentence: 'Learning rate of the kernels and matrices that `muon` moves.',
  },
  {
    name: 'muon_momentum', part: 'recipe', kind: 'below', end: 1, default: 0.6,
    unit: '', label: 'Muon’s momentum',
    sentence: 'Their momentum, which looks ahead.',
  },
  {
    name: 'muon_iterations', part: 'recipe', kind: 'whole', low: 1, high: 10, default: 3,
    unit: '', label: 'Muon’s iterations',
    sentence: 'How often Muon\'s polynomial is applied to a step, to make its directions equally strong.',
  },
  {
    name: 'schedule', part: 'recipe', kind: 'choice', words: ['constant', 'one-cycle', 'cosine', 'drops'], default: 'constant',
    unit: '', label: 'Schedule',
    sentence: 'How the learning rates go from step to step.',
  },
  {
    name: 'warm_up', part: 'recipe', kind: 'between', low: 0, high: 1, default: 0.2,
    unit: '', label: 'Warm-up',
    sentence: 'Share of all steps in which `one-cycle` and `cosine` rise to the learning rate.',
  },
  {
    name: 'lr_start', part: 'recipe', kind: 'between', low: 0, high: 1, default: 0.2,
    unit: '', label: 'Begins with',
    sentence: 'What they begin with, as a factor of the learning rate.',
  },
  {
    name: 'lr_end', part: 'recipe', kind: 'between', low: 0, high: 1, default: 0.0,
    unit: '', label: 'Ends with',
    sentence: 'What they end with, as a factor of the learning rate.',
  },
  {
    name: 'drops', part: 'recipe', kind: 'list', low: 1, high: 1000, default: /** @type {number[]} */ ([]),
    unit: 'epochs', label: 'Drops after epochs',
    sentence: 'Numbers of the epochs after which `drops` multiplies the learning rate.',
  },
  {
    name: 'drop_factor', part: 'recipe', kind: 'positive', high: 1, default: 0.1,
    unit: '', label: 'Drop factor',
    sentence: 'What it multiplies it by.',
  },
  {
    name: 'label_smoothing', part: 'recipe', kind: 'below', end: 1, default: 0.0,
    unit: '', label: 'Label smoothing',
    sentence: 'How much of a target is spread over all classes; the loss that is shown is that without.',
  },
  {
    name: 'averaging', part: 'recipe', kind: 'below', end: 1, default: 0.0,
    unit: '', label: 'Averaged weights',
    sentence: 'How much of the averaged weights stays each fifth step; 0: none are kept. After the last step they are the network\'s.',
  },
  {
    name: 'augment', part: 'recipe', kind: 'choice', words: ['none', 'flip-shift'], default: 'none',
    unit: '', label: 'Augmentation',
    sentence: 'What is done to a training image first: nothing but what `flip`, `shift_px` and `cutout_px` say, or a horizontal flip half of the time and a shift by up to 2 pixels.',
  },
  {
    name: 'flip', part: 'recipe', kind: 'choice', words: ['none', 'random', 'alternating'], default: 'none',
    unit: '', label: 'Mirroring',
    sentence: 'Whether training images are mirrored left to right: not, by chance, or in every other epoch.',
  },
  {
    name: 'shift_px', part: 'recipe', kind: 'whole', low: 0, high: 7, default: 0,
    unit: 'px', label: 'Shift in pixels',
    sentence: 'Largest shift of a training image, each way.',
  },
  {
    name: 'shift_edge', part: 'recipe', kind: 'choice', words: ['zero', 'reflect'], default: 'zero',
    unit: '', label: 'Edge of a shift',
    sentence: 'What a shift brings in: black, or the image mirrored at its edge.',
  },
  {
    name: 'cutout_px', part: 'recipe', kind: 'whole', low: 0, high: 95, default: 0,
    unit: 'px', label: 'Cutout in pixels',
    sentence: 'Side of a square of a training image that is made black; 0: none is.',
  },
  {
    name: 'hold_out', part: 'recipe', kind: 'choice', words: ['by-class', 'last'], default: 'by-class',
    unit: '', label: 'Held-out images',
    sentence: 'Which training images are held out to measure on where there are no test images.',
  },
  {
    name: 'patience', part: 'recipe', kind: 'whole', low: 0, high: 1000, default: 0,
    unit: 'epochs', label: 'Stop when no better for',
    sentence: 'Epochs without a smaller loss on held-out images after which a run stops, with the weights of its best epoch; 0: it goes on to its end. A tenth of the training images is held out for it.',
  },
  {
    name: 'keep', part: 'recipe', kind: 'choice', words: ['last', 'best'], default: 'last',
    unit: '', label: 'Weights to end with',
    sentence: 'The weights that a run ends with: those of its last step, or of the epoch whose loss on held-out images was smallest. A tenth of the training images is held out for it.',
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
