/**
 * The 2,048 words that join codes are made of: 11 bits each. No two begin with the same four letters (three letters make a word of their own),
 * none is another with one letter changed, added or left out, and none sounds like another one: they are read out over telephones and desks.
 */
const TEXT = `
abacus abbey abdomen ability aboard about above absent absorb accent achieve acorn acoustic acre acrobat action actor actual adapt adhesive
adjust admiral adobe adult advance advice aerial aerobic affair affirm afford afloat afraid after again agenda agile aging agree ahead airport
airship album alchemy alcove alert algae algebra alibi alike alley allspice almanac almond alone alpaca alphabet alpine already also although
altitude always amaze amber ambition amble amend amethyst amount amulet anagram analog anatomy anchor ancient android anecdote angel angle animal
announce annual answer antenna anthem antique antler anvil anybody apart aperture apology apparel appetite apple april apron aquarium aqueduct
arbitrary arcade archer arctic arena argue arise armada armchair aroma around arrange arrest arrive arrow artist ascend ashore aside asleep
aspect asphalt assemble assist asterisk astound athlete atlas atom atrium attach attic attract audio august aurora author autopilot autumn avenue
average aviary avocado avoid awake award awesome axis axle azalea azure baboon baby backpack bacon badge badminton bagel baggage bagpipe baker
balance balcony ballad bamboo banana bandstand banister banjo banner banquet barber bargain baritone barley barn barometer barrel basalt basement
basil basket bassoon bathtub battery bauble beam beaver become bedrock beeswax beetle before begin begonia behave behind beige believe below
bench benefit beret bestow betray beverage beyond bicycle bifocal billboard binary bingo binocular biology biplane birch birdcage birthday
biscuit bison black blade blanket bleach blender bless blimp blink blossom blouse bluejay blush bobbin bobcat bobsled bodyguard boiler bolster
bonanza bonfire bonnet bonus bookcase boomerang boost borrow botany bottom bouncy boutique bowling boxer boyhood bracket brain brandy brass brave
breeze brewery brick brief bright broccoli broken bronze broom brother brunch bucket budget buffalo bugle build bulb bulky bulldog bumblebee
bumper bundle bungalow bunker bunny bureau burger burlap burst bushel business busy butler button buzzard bypass byte cabaret cabbage cabin cable
cactus cadet cafe calcium calendar calf calibrate calorie camel campfire canal candle canoe canteen canvas canyon capable capital capsule captain
caramel carbon cardinal career cargo caribou carnival carousel carpet carrot cartoon carve cascade cashew casserole castle casual catalog catch
cathedral cauldron caution cavalry cavern caviar cedar ceiling celery cement centaur ceramic certain chain chalk chamber change chapel charter
chase checkers cheddar cheek cherry chestnut chicken chief child chimney chipmunk chisel chive chocolate chopstick chorus chowder chrome chuckle
church cicada cinder cinema circus cistern citizen citrus city civil clamp clapboard clarinet class clay clean clever client cliff climb clinic
clipper cloak closet cloth cloud club cluster coast cobalt cobbler cobra cockpit coconut code coffee cogwheel coil collar colt column comet
comfort comic common compass comrade concert condor confetti congress connect consult convoy cookie copper copy coral cordial cork corner coronet
correct corsage costume cottage cougar courage cousin cover cowboy coyote crackers cradle crane crater crawl crayon cream credit crescent cricket
crimson crisp crocodile crop cross crowd crumb crust crystal cube cuckoo cucumber cuddle cuisine culture cupboard curb curious curler cushion
custard cutlery cycle cylinder cypress daffodil dahlia daily damson dancer dandelion dapper daring dart dashboard data daughter dawn daybed
daylight dazzle decade december decimal deck decorate deed defend define degree delay delegate deliver delta deluxe demand denim dentist depart
depot depth deputy derby describe design destiny detail detect detour develop device devote dewdrop diagram dial diamond diary differ digest
digital dignity dimension dimple dinghy dinner dinosaur diploma dipstick direct disco dish display ditch diver divide dizzy doctor document dodge
dogwood dolphin domain dome domino donate donkey donor doodle doorbell dormant dorsal dosage double downtown dozen draft dragon drama drapery
drawer dress driftwood drill drink drive drizzle drum dryer duet dugout duke dungeon duplex durable dusk dwell dynamic eager eagle early earmuff
earnest earring earth easel eaten echo eclipse ecology economy edge edible edit educate effect effort eggplant eggshell eighteen eject elapse
elastic elbow elder elegant element elephant elevator elite elixir emblem embrace emerald emotion emperor employ emporium enable enamel encore
endless endure energy enforce engine enhance enjoy enlist enormous enough enrich ensemble enter entry envelope enzyme epic episode equal equip
erupt escape escort espresso essay essence estate estimate eternal ethics event every evidence evolve exact example excel exchange excite exempt
exercise exhale exhibit exist exotic expand expert explore express extend extra eyebrow eyelid fabric fabulous facade facet factory faculty fade
faith falcon fall family famous fancy fandango fanfare fantasy farewell farmer fashion fasten father feast fellow felt fence fennel fern ferry
fertile festival fever fiber fiction fiddle field fiesta fifty figure filter final finch finger finish fire first fishing fitness fixture flag
flake flamingo flannel flash flatbed fleet flex flint flip flock flood florist flow fluffy flute flyer foam focus folder foliage folklore fondue
football forage force forest formal fortune forum forward fossil foster found foxglove foxhound fraction fragile frame freckle free freight
french fresh friday friend fringe frisbee frog front frown frozen frugal fruit fudge fulfill fumble furnace fuse future fuzzy gadfly gadget
galaxy gallon game garage garden gargle garlic garment garnet gateway gauge gavel gazebo gear gecko gelatin gemstone general genius gentle
genuine geology geometry geranium gerbil gesture geyser giant gibbon gift gigantic giggle gingham ginseng giraffe girl glacier glad glassware
gleam glider glimpse glitter globe glory glossy glucose glue gnome goal goblet goggles gold gondola goose gopher gorge gourmet govern grab grace
gradual graffiti grammar grand graph gravity green greyhound grid grocery group grove grow guacamole guava guess guide guitar gulf gumbo gumdrop
guppy gust gymnast gyroscope habit haiku haircut halibut halo hammer hamster handbag hangar happen hardware harmony harness harp harvest hasty
hatchback haven hawk haystack headline health heart hedgehog height helium helmet help hemlock herald herb hermit hexagon hibiscus hiccup hickory
hidden hiking hill hinge hint hippo history hobby hobnail hockey holly honey hood hope hopscotch horizon horseshoe hospital hotel hourglass house
human humid hundred hungry hurdle hurry husky hyacinth hybrid hydrant hyena hyphen iceberg icicle icing icon idea identify igloo ignite iguana
illusion image imitate immune import impress impulse include income index indoor industry inflate inform inhale initial inkblot inkwell inlet
innocent input inquire inside inspire install intend into introduce inventor invite involve ironwood irrigate island isolate issue italic jackal
jaguar jamboree january jargon jasmine javelin jawbone jazz jeans jeep jelly jersey jester jewel jigsaw jingle join joke journey joyful jubilee
judo juice jukebox jump june junior jury kangaroo karate kayak kazoo kerchief kerosene ketchup kettle keyboard keyhole khaki kickstand kidney
kilogram kimono kind kiosk kitchen kite kitten kiwi knapsack knee knife knit knob knock knowledge knuckle koala kumquat label lacquer ladder
ladle lady lagoon lamb lance landmark language lantern laptop larch large lark lasagna last later laugh laundry laurel lavender lawnmower lawyer
leaf league learn lease leather lecture ledger left legacy legend leisure lemon length lentil leopard lettuce level levitate liberty library
license lid life light lilac lily limestone limit limousine linen lion liquid listen literate little livestock lizard llama lobster local locker
locust logbook logic lollipop long loom lotion lotus lounge love lucky luggage lullaby lumber lunar lunch lupine luxury lyric macaw machine
mackerel magazine magenta magic magnet magpie mahogany mailbox major make mallet mammal manage mandarin mango mannequin mantis manual many map
maple marathon marble margin marina market marmalade maroon marsh marvel mascot master matchbox material matrix mature maverick maybe meadow meal
meander measure mechanic medicine megaphone melon member memory mention mercury merge meringue mermaid mesa message method metro microbe midnight
mild military milkshake mineral minnow miracle mirror mistletoe mobile moccasin model modify moist molasses moment monarch monday mongoose
monsoon monument moon mosquito moss motor mountain mouth movie much mud mudguard muffin mulberry mule multiply mural museum mushroom music mutual
muzzle mystery nanny napkin narrate nasal nation nautical navy nebula necklace nectar needle neither neon nephew neptune nerve nest network
neutral newborn newspaper nickel niece nightcap nimble nine ninja nitrogen noble nobody nocturnal noise nomad nominate north nostril notable
notch notebook nothing notice nougat novel nuance nugget numeral nurse nutmeg nutshell nylon oasis oatcake oatmeal obelisk oblong oboe observe
obstacle obvious occasion occupy ocean ocelot octagon october offer office oilcloth olive olympic omit onboard onion online only onward opal open
opera opinion opossum option oracle orbit orchid order ordinary oregano organ oriole ornament oscar osprey ostrich other ounce outback outdoor
outer outfit outing outlet outside overcoat owner oxcart oxide oxygen oyster ozone pacific package paddle padlock page pagoda paint palace palm
pamphlet pancake panda panel pansy pantry papaya paper paprika parade parent parsley partner passage pasta path pattern pavilion payment peach
peanut pebble pecan pedigree pelican pencil pendant penguin peninsula penny people perfect perhaps period person petal petition petunia phantom
pharmacy pheasant phoenix phone photo phrase physics piano pickle picnic picture pigeon pilgrim pillow pilot pinwheel pioneer pipe pistachio
pitcher pixel pizza plaid planet plaster plate playpen plaza plenty plug plural plywood pocket podium poem poker polar polenta polka polo polygon
pomelo poncho pond poolside popcorn poppy popular porch porpoise portable possible postcard potato pottery poultry powder practice prairie prawn
precious prefer prelude prepare pretty prevent price primary prism privacy process program project promise proof proper proud provide prune
public pudding pulley pulp pulse puma pumpkin pupil puppet purchase pure purple push putty pyramid python quail quake quality quantum quart queen
quest quick quiet quince quiver quiz quota rabbit raccoon radar radio ragtime railway raincoat raisin rally ramp ranch random range rapid raptor
raspberry rattle ravine razor react ready reason rebuild recall receive recipe recycle redwood reef reflect refresh refuge regal region regular
relax relish remain remedy remind remote render renew rent repair repeat reply report reptile request rescue research resist respect result
retire return reunion reveal review reward rhino rhubarb rhyme rhythm ridge rigid ringlet rinse ripple ritual riverbed roach roadside robin robot
romance rooster rosebud rotate rouge royal rubber ruby rudder ruler runabout runner runway rustic safari saffron saga sailboat salad salon salsa
salt salute sample sandal sapphire sardine satchel satin saucer sauna sausage save sawdust saxophone scaffold scale scan scarf scatter schedule
school scissors scoop score scout scramble screen script scroll scrub scuba sculptor seafood search seashell seaweed second secret section
security seek segment seldom select seminar senior sentence separate sequel series serpent session seven shadow shaft shallow shampoo shape shark
shawl shed sheep shelf sheriff shield shine shirt shoelace shoulder shovel shower shrimp shuffle shutter sibling sidewalk sierra sigh silence
silk silly silver similar since siphon siren sister sitar sixty sketch skill skylight slacks sleeve slice slot small smart smooth snack snail
snorkel snow snug soap soccer social soda softball soldier solution solve somebody sonar songbird soprano sorbet space spaniel sparrow spatula
speak special speed spell sphere spider spike spinach spiral splash split sponge spoon sport spotlight spray spread spring sprout spruce spur
square squeeze squid stable stadium staff stage staircase stamp stand stay stem stereo stick stone stool stopwatch stork straw street strike
strong strudel studio style subject submarine subway success suede sugar suggest suit summer sunflower super supply surface surprise survey sushi
sweater swift swing switch swordfish sycamore syllable symphony syrup system tabletop taco tadpole taffy tailor talent talk tandem tangerine
tapestry target tartan taste taught teacup teapot teaspoon technique teddy teeth telescope tell temple tenant tennis tenor term terrace textile
thank theme theory therapy thick thimble thing third thistle thorn thought three thrive thumbnail thunder ticket tiger timber timid tinfoil
tinsel tiny tiptoe title toddler together token tomato tomorrow tongue tonic toothpick topaz topple tornado tortoise total toucan tough tour
toward towel town track trade traffic trail tram trapeze travel treasure treetop triangle tricycle trigger trilogy trio triple trivia trolley
trombone trophy trout trumpet trunk truth tugboat tulip tumbler tundra tunnel turbine turkey turnip turquoise turtle tutor tuxedo tweezers twelve
twenty twice twig twilight twist tycoon typhoon typical ukulele ultimate umbrella umpire uncle under unfold unicorn uniform unique universe
unknown unlock until unusual update uphill upholster upper upright upstairs urban urgent usage useful usher usual utensil utility utmost utopia
vacant vacuum valentine valid value vanilla variety varnish vase vault vector velvet vendor verify verse vertical vessel veteran vibrate victory
video view vigor villa vintage violet viper visa visit visual vital vivid vogue volcano volley volume vote voyage waffle wagon waiter wallaby
walnut walrus wand wanted warbler warehouse warm warning wash waterfall wedding weekend welcome weld welfare wharf wheat when whirlpool whisper
white wicker wide wildcat windmill wisdom wishbone wolf woodland wool word workshop wreath wrestle wrinkle wrist yacht yardstick yearbook
yesterday yourself yummy zebra zenith zephyr zero zigzag zinc zipper zither zodiac zoology zucchini
`;

/** Sorted; where a word stands is its value. A change makes codes that are under way unreadable, for ten minutes. */
export const JOIN_WORDS: readonly string[] = TEXT.trim().split(/\s+/);
