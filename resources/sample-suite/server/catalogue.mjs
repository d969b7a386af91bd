/** What the shop sells, and how the catalogue is searched. Products never change; stock that moves lives in the store. */

// name, category, price in cents, rating, stock, leaf shape, leaf hue
const rows = [
  ['Monstera Deliciosa', 'Indoor', 3490, 4.8, 14, 'broad', 140],
  ['Fiddle-Leaf Fig', 'Indoor', 5900, 4.1, 6, 'broad', 110],
  ['Snake Plant', 'Indoor', 2250, 4.9, 31, 'sword', 95],
  ['Peace Lily', 'Indoor', 1890, 4.4, 18, 'broad', 130],
  ['Rubber Tree', 'Indoor', 2790, 4.3, 9, 'broad', 160],
  ['Boston Fern', 'Indoor', 1650, 3.9, 22, 'fine', 105],
  ['Pilea', 'Indoor', 1290, 4.7, 40, 'round', 120],
  ['Calathea Orbifolia', 'Indoor', 3150, 4.0, 0, 'round', 150],
  ['ZZ Plant', 'Indoor', 2490, 4.8, 17, 'fine', 135],
  ['eucalyptus bunch', 'Indoor', 1490, 4.5, 25, 'round', 165],
  ['Aloe Vera', 'Succulents', 990, 4.6, 52, 'sword', 125],
  ['Jade Tree', 'Succulents', 1450, 4.5, 20, 'round', 100],
  ['Echeveria', 'Succulents', 790, 4.4, 60, 'round', 155],
  ['Haworthia', 'Succulents', 850, 4.2, 33, 'sword', 115],
  ['String of Pearls', 'Succulents', 1190, 3.8, 0, 'round', 90],
  ["Burro's Tail", 'Succulents', 1250, 4.0, 12, 'fine', 145],
  ['Golden Barrel Cactus', 'Succulents', 1990, 4.7, 8, 'round', 80],
  ['Basil', 'Herbs', 350, 4.6, 80, 'broad', 118],
  ['Rosemary', 'Herbs', 420, 4.7, 64, 'fine', 128],
  ['Thyme', 'Herbs', 390, 4.5, 58, 'fine', 108],
  ['Mint', 'Herbs', 370, 4.3, 71, 'broad', 138],
  ['Sage', 'Herbs', 450, 4.4, 37, 'broad', 88],
  ['Flat-Leaf Parsley', 'Herbs', 340, 4.1, 45, 'fine', 122],
  ['Chives', 'Herbs', 330, 4.0, 49, 'sword', 112],
  ['Oregano', 'Herbs', 380, 4.2, 41, 'fine', 98],
  ['Jalapeño Pepper', 'Herbs', 560, 4.8, 19, 'broad', 132],
  ['Terracotta Pot', 'Pots', 890, 4.5, 120, 'none', 18],
  ['Glazed Bowl', 'Pots', 1690, 4.6, 34, 'none', 205],
  ['Hanging Basket', 'Pots', 1350, 4.1, 27, 'none', 35],
  ['Concrete Cube', 'Pots', 2190, 4.3, 15, 'none', 220],
  ['Self-Watering Pot', 'Pots', 2790, 4.7, 21, 'none', 190],
  ['Rattan Planter', 'Pots', 3290, 3.7, 0, 'none', 42],
  ['Pruning Shears', 'Tools', 1890, 4.8, 44, 'none', 0],
  ['Watering Can', 'Tools', 2450, 4.6, 29, 'none', 200],
  ['Brass Mister', 'Tools', 1750, 4.2, 16, 'none', 45],
  ['Potting Soil 10 L', 'Tools', 750, 4.4, 90, 'none', 25],
];

export const categories = ['Indoor', 'Succulents', 'Herbs', 'Pots', 'Tools'];
export const sizes = { S: 0, M: 600, L: 1400 };
export const pageSize = 12;

export const products = rows.map(([name, category, cents, rating, stock, leaf, hue]) => ({
  slug: slugOf(name),
  name,
  category,
  cents,
  rating,
  stock,
  leaf,
  hue,
  sizes: category === 'Pots' || category === 'Tools' ? ['S'] : Object.keys(sizes),
}));

const bySlug = new Map(products.map((product) => [product.slug, product]));

export function findProduct(slug) {
  return bySlug.get(slug);
}

export function priceOf(product, size) {
  return product.cents + sizes[size];
}

const orders = {
  featured: () => 0,
  'price-asc': (a, b) => a.cents - b.cents,
  'price-desc': (a, b) => b.cents - a.cents,
  rating: (a, b) => b.rating - a.rating,
  // Known bug SHOP-142: compares code units, so a lower-case name sorts after every capital.
  name: (a, b) => (a.name < b.name ? -1 : 1),
};

export const sortings = Object.keys(orders);

/** One page of the catalogue: { items, total, page, pages }. A page out of range is the nearest one that exists. */
export function searchProducts({ query = '', category = '', sort = 'featured', maxCents = Infinity, page = 1 }) {
  const found = products
    .filter((product) => !category || product.category === category)
    .filter((product) => product.cents <= maxCents)
    .filter((product) => matches(product, query))
    .sort(orders[sort] ?? orders.featured);
  const pages = Math.max(1, Math.ceil(found.length / pageSize));
  const current = Math.min(Math.max(1, page), pages);
  return {
    items: found.slice((current - 1) * pageSize, current * pageSize),
    total: found.length,
    page: current,
    pages,
  };
}

// Known bug SHOP-97: accents are not folded, so "jalapeno" does not find "Jalapeño".
function matches(product, query) {
  return product.name.toLowerCase().includes(query.trim().toLowerCase());
}

function slugOf(name) {
  return name
    .normalize('NFD')
    .replace(/[\u0300-\u036f’']/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
}
