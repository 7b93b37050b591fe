/**
 * The recipes that have a name, generated from `src/protocol/recipes.rs`, which says what each of these fields is.
 *
 * @import { Config } from './protocol.js'
 */

/**
 * @typedef {{ name: string, title: string, sentence: string, citation: string, cores: number, parameters: number,
 *   reached: { accuracy: number, gap: number, runs: number } | null,
 *   cures: readonly { name: string, points: number, runs: number }[], settings: Partial<Config> }} NamedRecipe
 */

/** The tutorial's first. @type {readonly NamedRecipe[]} */
export const RECIPES = [
  {
    name: 'tutorial', title: 'The tutorial’s run',
    sentence: 'Three convolutions and two dense layers, Adam, ten epochs: it learns its images by heart.',
    citation: 'Keras and TensorFlow, “Convolutional Neural Network (CNN)”, https://www.tensorflow.org/tutorials/images/cnn.',
    cores: 8, parameters: 122570, reached: null,
    cures: [],
    settings: {"network":"tutorial"},
  },
  {
    name: 'tutorial-cured', title: 'The tutorial’s layers, cured',
    sentence: 'The same layers with batch normalisation, moved and mirrored images, and a rate that rises and falls.',
    citation: 'The tutorial’s layers; Muon after Keller Jordan and others, “Muon: An optimizer for hidden layers in neural networks”, 2024, https://kellerjordan.github.io/posts/muon/.',
    cores: 4, parameters: 122794, reached: { accuracy: 0.8434, gap: 0.0367, runs: 2 },
    cures: [{ name: 'normalisation', points: 0.1, runs: 2 }, { name: 'augmentation', points: 2.9, runs: 2 }, { name: 'rate', points: 4.2, runs: 2 }, { name: 'smoothing', points: 0.2, runs: 2 }, { name: 'averaging', points: 0, runs: 2 }, { name: 'muon', points: 2.2, runs: 2 }],
    settings: {"averaging":0.98,"batch":128,"decay":"coupled","flip":"alternating","label_smoothing":0.1,"last_batch":"drop","lr":0.1,"momentum":0.9,"muon_iterations":3,"muon_lr":0.05,"muon_momentum":0.6,"nesterov":"on","network":"t","norm_bias_lr_factor":4,"optimizer":"muon","pixels":{"standardized":{"deviation":[0.247,0.2435,0.2616],"mean":[0.4914,0.4822,0.4465]}},"schedule":"one-cycle","shift_edge":"reflect","shift_px":2,"velocity":"rate-outside","warm_up":0.2},
  },
  {
    name: 'same-size', title: 'Another network of the same size',
    sentence: 'As many parameters as the tutorial’s, in seven convolutions instead of three.',
    citation: 'After Keller Jordan, “94% on CIFAR-10 in 3.29 Seconds on a Single GPU”, 2024, arXiv:2404.00498.',
    cores: 4, parameters: 120584, reached: { accuracy: 0.8912, gap: 0.0314, runs: 1 },
    cures: [],
    settings: {"averaging":0.98,"batch":128,"decay":"coupled","flip":"alternating","label_smoothing":0.1,"last_batch":"drop","lr":0.4,"momentum":0.9,"nesterov":"on","network":"s-40-48-60","optimizer":"sgd","pixels":{"standardized":{"deviation":[0.247,0.2435,0.2616],"mean":[0.4914,0.4822,0.4465]}},"schedule":"one-cycle","shift_edge":"reflect","shift_px":2,"velocity":"rate-outside","warm_up":0.2,"weight_decay":0.0005},
  },
  {
    name: 'small', title: 'Twice the size',
    sentence: 'Seven convolutions with more filters, Muon, and batches of 256 images for up to eight cores.',
    citation: 'After Keller Jordan, “94% on CIFAR-10 in 3.29 Seconds on a Single GPU”, 2024, arXiv:2404.00498.',
    cores: 8, parameters: 223248, reached: { accuracy: 0.8993, gap: 0.0424, runs: 1 },
    cures: [],
    settings: {"averaging":0.98,"batch":256,"decay":"coupled","flip":"alternating","label_smoothing":0.2,"last_batch":"drop","lr":0.2,"momentum":0.9,"muon_iterations":3,"muon_lr":0.06,"muon_momentum":0.6,"nesterov":"on","network":"s-40-68-92","norm_bias_lr_factor":4,"optimizer":"muon","pixels":{"standardized":{"deviation":[0.247,0.2435,0.2616],"mean":[0.4914,0.4822,0.4465]}},"schedule":"one-cycle","shift_edge":"reflect","shift_px":2,"velocity":"rate-outside","warm_up":0.1,"weight_decay":0.0005},
  },
  {
    name: 'large', title: 'Four times the size',
    sentence: 'The same network with half a million parameters: the best of these, and the slowest.',
    citation: 'After Keller Jordan, “94% on CIFAR-10 in 3.29 Seconds on a Single GPU”, 2024, arXiv:2404.00498.',
    cores: 4, parameters: 506776, reached: null,
    cures: [],
    settings: {"averaging":0.98,"batch":128,"decay":"coupled","flip":"alternating","label_smoothing":0.1,"last_batch":"drop","lr":0.2,"momentum":0.9,"muon_iterations":3,"muon_lr":0.03,"muon_momentum":0.6,"nesterov":"on","network":"s-64-112-128","norm_bias_lr_factor":4,"optimizer":"muon","pixels":{"standardized":{"deviation":[0.247,0.2435,0.2616],"mean":[0.4914,0.4822,0.4465]}},"schedule":"one-cycle","shift_edge":"reflect","shift_px":2,"velocity":"rate-outside","warm_up":0.1,"weight_decay":0.002},
  },
];
