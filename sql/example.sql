-- The data that `fettle example` creates in an empty database: a workshop that has used Fettle for the year until
-- today. The setting fettle.example_hash is the password hash of all accounts. First come lists, which are easy to read
-- and edit; then the year is simulated day by day, so that later rows have greater ids.
set local timezone = 'UTC';
select setseed(0.5722);  -- the same random numbers in every run

-- -- people and equipment

-- came and gone: how many months ago a person joined and left
create temp table person (n int generated always as identity, username text, first_name text, last_name text, role text, job_title text,
                          born date, came int, gone int, id bigint) on commit drop;
insert into person (username, first_name, last_name, role, job_title, born, came, gone) values
    ('helen.brandt',     'Helen',  'Brandt',      'administrator', 'Operations manager',                   '1974-03-18', 14, null),
    ('marcus.oyelaran',  'Marcus', 'Oyelaran',    'manager',       'Maintenance supervisor',               '1979-11-02', 14, null),
    ('ines.carvalho',    'Inês',   'Carvalho',    'manager',       'Production planner',                   '1986-07-25', 14, null),
    ('tom.whitaker',     'Tom',    'Whitaker',    'employee',      'Senior maintenance technician',        '1968-01-09', 13, null),
    ('priya.nair',       'Priya',  'Nair',        'employee',      'Electrical technician',                '1990-05-30', 13, null),
    ('jonas.lindqvist',  'Jonas',  'Lindqvist',   'employee',      'Mechanical technician',                '1984-09-14', 13, null),
    ('adele.fournier',   'Adèle',  'Fournier',    'employee',      'Hydraulics and pneumatics technician', '1992-12-21', 13, null),
    ('katya.morozova',   'Katya',  'Morozova',    'employee',      'CNC service technician',               '1988-02-11', 13, null),
    ('clara.nunez',      'Clara',  'Núñez',       'employee',      'Mechanical technician',                '1995-06-03', 13, 8),
    ('grace.mbeki',      'Grace',  'Mbeki',       'employee',      'Machinist, turning',                   '1983-10-27', 13, null),
    ('peter.vandermeer', 'Peter',  'van der Meer','employee',      'Machinist, milling',                   '1971-04-08', 13, null),
    ('yuki.tanaka',      'Yuki',   'Tanaka',      'employee',      'Toolmaker',                            '1980-08-16', 13, null),
    ('owen.gallagher',   'Owen',   'Gallagher',   'employee',      'Welder',                               '1976-12-05', 13, null),
    ('fatima.elamrani',  'Fatima', 'El Amrani',   'employee',      'Welder, robot cell',                   '1993-03-29', 13, null),
    ('dieter.kaufmann',  'Dieter', 'Kaufmann',    'employee',      'Press brake operator',                 '1965-09-01', 13, null),
    ('nora.jensen',      'Nora',   'Jensen',      'employee',      'Warehouse lead',                       '1987-01-19', 13, null),
    ('ravi.deshmukh',    'Ravi',   'Deshmukh',    'employee',      'Quality inspector',                    '1982-05-12', 13, null),
    ('brian.ashworth',   'Brian',  'Ashworth',    'employee',      'Machinist, milling',                   '1961-02-23', 13, 3),
    ('samuel.kipkemboi', 'Samuel', 'Kipkemboi',   'employee',      'Mechanical technician',                '1998-07-07', 7,  null),
    ('luis.herrera',     'Luis',   'Herrera',     'employee',      'Maintenance apprentice',               '2006-11-15', 5,  null);

-- crew: the people who repair the items of a category; readers: those who read the meters
create temp table craft (category text, crew text[], readers text[]) on commit drop;
insert into craft values
    ('CNC machining',        '{katya.morozova,tom.whitaker,jonas.lindqvist,clara.nunez}',     '{grace.mbeki,peter.vandermeer,brian.ashworth}'),
    ('Grinding',             '{tom.whitaker,katya.morozova,samuel.kipkemboi}',                '{yuki.tanaka}'),
    ('Sheet metal',          '{adele.fournier,jonas.lindqvist,priya.nair}',                   '{dieter.kaufmann}'),
    ('Welding',              '{priya.nair,jonas.lindqvist,samuel.kipkemboi}',                 '{fatima.elamrani,owen.gallagher}'),
    ('Sawing and drilling',  '{jonas.lindqvist,samuel.kipkemboi,luis.herrera,clara.nunez}',   '{peter.vandermeer,nora.jensen}'),
    ('Compressed air',       '{adele.fournier,tom.whitaker}',                                 '{adele.fournier}'),
    ('Material handling',    '{tom.whitaker,priya.nair,jonas.lindqvist}',                     '{nora.jensen}'),
    ('Building services',    '{priya.nair,tom.whitaker,luis.herrera}',                        '{priya.nair}'),
    ('Measuring',            '{ravi.deshmukh,katya.morozova}',                                '{ravi.deshmukh}');

-- age and life_months are in months. For items with a meter: life_hours is the expected total, weekly the hours in a
-- week. retired: how many months ago
create temp table item (n int generated always as identity, name text, serial_number text, category text, manufacturer text, model text, location text,
                        age int, life_months int, life_hours int, weekly numeric, retired int, notes text not null default '', id bigint, hours numeric) on commit drop;
insert into item (name, serial_number, category, manufacturer, model, location, age, life_months, life_hours, weekly, retired) values
    ('CNC lathe 1',                     '3118407',      'CNC machining', 'Haas',        'ST-20',              'Hall 1, bay A', 84,  180, 40000, 62, null),
    ('CNC lathe 2',                     '3118455',      'CNC machining', 'Haas',        'ST-20',              'Hall 1, bay A', 84,  180, 40000, 57, null),
    ('CNC lathe 3, bar feed',           'CLX350-0417',  'CNC machining', 'DMG Mori',    'CLX 350',            'Hall 1, bay A', 41,  180, 40000, 76, null),
    ('Machining centre 1',              '1129846',      'CNC machining', 'Haas',        'VF-3',               'Hall 1, bay B', 103, 180, 45000, 66, null),
    ('Machining centre 2',              '1134027',      'CNC machining', 'Haas',        'VF-3SS',             'Hall 1, bay B', 71,  180, 45000, 60, null),
    ('Machining centre 3, five axes',   'DMU50-7751',   'CNC machining', 'DMG Mori',    'DMU 50',             'Hall 1, bay B', 29,  180, 45000, 84, null),
    ('Horizontal machining centre',     '266134',       'CNC machining', 'Mazak',       'HCN-5000',           'Hall 1, bay C', 118, 180, 42000, 78, null),
    ('Machining centre 4',              '1198310',      'CNC machining', 'Haas',        'VF-2',               'Hall 1, bay C', 6,   180, 45000, 54, null),
    ('Wire EDM',                        'A5519',        'CNC machining', 'Sodick',      'ALN400G',            'Toolroom',      52,  180, 50000, 70, null),
    ('Turret lathe',                    'C29-4402',     'CNC machining', 'Index',       'C29',                'Hall 1, bay C', 262, 240, 60000, 35, 7),
    ('Toolroom lathe',                  'M3250-88123',  'CNC machining', 'Colchester',  'Master 3250',        'Toolroom',      171, 300, 30000, 11, null),
    ('Surface grinder',                 'ACC-70662',    'Grinding',      'Okamoto',     'ACC-63DX',           'Toolroom',      93,  240, 30000, 22, null),
    ('Cylindrical grinder',             'S33-1207',     'Grinding',      'Studer',      'S33',                'Toolroom',      66,  240, 40000, 31, null),
    ('Tool grinder',                    'HB-20951',     'Grinding',      'Walter',      'Helitronic Basic',   'Toolroom',      139, 216, 35000, 18, null),
    ('Bench grinder',                   '619202004417', 'Grinding',      'Metabo',      'DS 200',             'Toolroom',      48,  120, null,  null, null),
    ('Press brake 1',                   'B0514A0388',   'Sheet metal',   'Trumpf',      'TruBend 5130',       'Hall 2, bay A', 58,  204, 35000, 44, null),
    ('Press brake 2',                   'HFE-201577',   'Sheet metal',   'Amada',       'HFE 100-3',          'Hall 2, bay A', 149, 204, 35000, 36, null),
    ('Fibre laser',                     'A0230E1174',   'Sheet metal',   'Trumpf',      'TruLaser 3030',      'Hall 2, bay B', 37,  144, 40000, 71, null),
    ('Punch press',                     'A0310B0092',   'Sheet metal',   'Trumpf',      'TruPunch 3000',      'Hall 2, bay B', 112, 180, 35000, 38, null),
    ('Guillotine shear',                'MVS-63310',    'Sheet metal',   'LVD',         'MVS-CS 31/6',        'Hall 2, bay A', 186, 240, 25000, 9, null),
    ('Plate rolls',                     'MCB-10244',    'Sheet metal',   'Davi',        'MCB 2020',           'Hall 2, bay C', 128, 240, 20000, 7, null),
    ('Deburring machine',               'TM-42-5561',   'Sheet metal',   'Timesavers',  '42 Series RB',       'Hall 2, bay C', 45,  144, 20000, 26, null),
    ('Guillotine shear, old',           'HS-2204',      'Sheet metal',   'Promecam',    'GH 630',             'Hall 2, bay C', 402, 300, null,  null, 4),
    ('Welding robot cell',              'AW-KR8-0731',  'Welding',       'KUKA',        'KR 8 R1420',         'Hall 3, cell 1', 33, 144, 40000, 63, null),
    ('MIG welder 1',                    '31290455',     'Welding',       'Fronius',     'TPS 400i',           'Hall 3, booth 1', 54, 120, 12000, 21, null),
    ('MIG welder 2',                    '31290461',     'Welding',       'Fronius',     'TPS 400i',           'Hall 3, booth 2', 54, 120, 12000, 24, null),
    ('MIG welder 3',                    '31344870',     'Welding',       'Fronius',     'TPS 320i',           'Hall 3, booth 3', 22, 120, 12000, 18, null),
    ('MIG welder 4',                    '28117309',     'Welding',       'Kemppi',      'FastMig M 420',      'Hall 3, booth 4', 109, 120, 12000, 12, null),
    ('TIG welder 1',                    'T230-99014',   'Welding',       'EWM',         'Tetrix 230',         'Hall 3, booth 5', 47, 120, 12000, 15, null),
    ('TIG welder 2',                    'T230-99015',   'Welding',       'EWM',         'Tetrix 230',         'Hall 3, booth 6', 47, 120, 12000, 13, null),
    ('Spot welder',                     'TE90-3372',    'Welding',       'Tecna',       '4606N',              'Hall 3, bay B', 97,  180, null,  null, null),
    ('Plasma cutter',                   '85-048213',    'Welding',       'Hypertherm',  'Powermax 85',        'Hall 3, bay B', 61,  120, 10000, 8, null),
    ('Fume extraction, booths',         'KE-7704188',   'Welding',       'Kemper',      'WeldFil 6000',       'Hall 3, roof',  64,  180, 40000, 45, null),
    ('MIG welder 5',                    '19204417',     'Welding',       'Lincoln',     'Powertec 365S',      'Store B',       153, 120, 12000, 6, 10),
    ('Band saw 1',                      'HBE320-4110',  'Sawing and drilling', 'Behringer', 'HBE 320A',       'Steel store',   88,  180, 30000, 33, null),
    ('Band saw 2',                      'KW-55029',     'Sawing and drilling', 'Kasto',  'KASTOwin A 3.3',    'Steel store',   26,  180, 30000, 29, null),
    ('Column drill 1',                  'AX4-17360',    'Sawing and drilling', 'Alzmetall', 'AX 4/S',         'Hall 2, bay C', 157, 240, null, null, null),
    ('Column drill 2',                  'AX4-17361',    'Sawing and drilling', 'Alzmetall', 'AX 4/S',         'Toolroom',      157, 240, null, null, null),
    ('Radial drill',                    'VR5-3906',     'Sawing and drilling', 'Donau',  'DR 32',             'Hall 2, bay C', 221, 300, null, null, null),
    ('Compressor 1',                    'API477210',    'Compressed air', 'Atlas Copco', 'GA 30+',            'Compressor room', 92, 180, 50000, 52, null),
    ('Compressor 2',                    'API602935',    'Compressed air', 'Atlas Copco', 'GA 37 VSD+',        'Compressor room', 34, 180, 50000, 88, null),
    ('Refrigeration dryer',             'FX9-118204',   'Compressed air', 'Atlas Copco', 'FX 9',              'Compressor room', 92, 144, null, null, null),
    ('Air receiver, 2,000 litres',      'V-20117',      'Compressed air', 'Reflex',    '2000/11',             'Compressor room', 92, 300, null, null, null),
    ('Forklift 1',                      'A8FB18-60271', 'Material handling', 'Toyota', '8FBE18T',             'Goods in',      50,  120, 14000, 27, null),
    ('Forklift 2',                      'A8FB18-60288', 'Material handling', 'Toyota', '8FBE18T',             'Hall 2',        50,  120, 14000, 24, null),
    ('Forklift 3, outdoors',            'H2X393T04417', 'Material handling', 'Linde',  'H25D',                'Yard',          115, 144, 14000, 19, null),
    ('Reach truck',                     'FN519330',     'Material handling', 'Jungheinrich', 'ETV 216',       'Steel store',   73,  120, 14000, 22, null),
    ('Electric pallet truck 1',         '91042217',     'Material handling', 'Jungheinrich', 'EJE 116',       'Dispatch',      39,  96,  null, null, null),
    ('Electric pallet truck 2',         '91042218',     'Material handling', 'Jungheinrich', 'EJE 116',       'Goods in',      39,  96,  null, null, null),
    ('Overhead crane, 5 t',             'DC-884102',    'Material handling', 'Demag',  'EKKE 5 t',            'Hall 1',        190, 300, null, null, null),
    ('Overhead crane, 10 t',            'DC-884103',    'Material handling', 'Demag',  'ZKKE 10 t',           'Hall 3',        190, 300, null, null, null),
    ('Jib crane, 500 kg',               'AB-61174',     'Material handling', 'Abus',   'VS 500',              'Hall 1, bay C', 81,  240, null, null, null),
    ('Scissor lift',                    'GS1930-88402', 'Material handling', 'Genie',  'GS-1930',             'Store B',       68,  120, 6000, 3, null),
    ('Gas boiler',                      '7549021800',   'Building services', 'Viessmann', 'Vitocrossal 200',  'Boiler room',   126, 240, null, null, null),
    ('Ventilation unit, hall 1',        'CX-30117',     'Building services', 'Wolf',   'KG Top 130',          'Hall 1, roof',  126, 240, null, null, null),
    ('Roller door, north',              'RD-40881',     'Building services', 'Hörmann', 'HS 7030 PU',         'Goods in',      77,  180, null, null, null),
    ('Roller door, south',              'RD-40882',     'Building services', 'Hörmann', 'HS 7030 PU',         'Dispatch',      77,  180, null, null, null),
    ('Emergency generator',             'C90-J15K0821', 'Building services', 'Cummins', 'C90 D5',             'Yard',          126, 300, 10000, 0.6, null),
    ('Coordinate measuring machine',    '501788',       'Measuring',     'Zeiss',       'Contura 7/10/6',     'Measuring room', 63, 180, 40000, 32, null),
    ('Profile projector',               'PJ-H30-2206',  'Measuring',     'Mitutoyo',    'PJ-H30A1010B',       'Measuring room', 144, 240, null, null, null);
update item i set notes = given.notes from (values
    ('Turret lathe', 'Sold; collected by the dealer.'), ('Guillotine shear, old', 'Blade guard beyond repair. Waits for the scrap dealer.'),
    ('MIG welder 5', 'Kept for spare parts: wire feed and hose pack.'), ('Machining centre 4', 'Under warranty: breakdowns go to the dealer first.'),
    ('Compressor 2', 'Base load. Compressor 1 takes over above 7.5 bar demand.'), ('Forklift 3, outdoors', 'Diesel: not inside the halls.'),
    ('Air receiver, 2,000 litres', 'Pressure vessel: inner inspection every five years by the notified body.'),
    ('Horizontal machining centre', 'Replacement is planned in the budget of next year.')) as given (name, notes)
 where i.name = given.name;

-- -- preventive maintenance: for which items, how often, and the text of its records

create temp table plan (n int generated always as identity, category text, pattern text, title text, description text, priority text, every_days int, every_hours numeric,
                        lead int, hours numeric, cost numeric, done text, parts jsonb, findings text[]) on commit drop;
insert into plan (category, pattern, title, description, priority, every_days, every_hours, lead, hours, cost, done, parts, findings) values
    ('CNC machining', '(CNC lathe|Machining|Horizontal)%', 'Change the coolant and clean the tank', 'Pump out, remove chips, rinse with system cleaner, refill at 7 %.',
     'Medium', 182, null, 7, 3.5, 165, 'Tank emptied and cleaned, refilled at 7 %, pH 9.1.', '[{"name": "Coolant concentrate, 20 l", "quantity": 2}, {"name": "System cleaner, 5 l", "quantity": 1}]',
     '{Nothing unusual.,A lot of tramp oil; the skimmer belt is worn and should be ordered.,Chips behind the screen; washed out.}'),
    ('CNC machining', '(CNC lathe|Turret)%', 'Grease the chuck and check the clamping force', 'Measure with the force gauge at 30 bar before and after.',
     'High', null, 500, 0, 1, 12, 'Chuck dismantled, cleaned and greased.', '[{"name": "Chuck grease, cartridge", "quantity": 1}]',
     '{Clamping force 62 kN before and 71 kN after.,Clamping force within limits.,Jaw 2 shows wear; soft jaws ordered.}'),
    ('CNC machining', '(Machining|Horizontal)%', 'Check spindle runout and way lubrication', 'Test bar at 300 mm. Each distributor must show oil.',
     'Medium', 182, 1500, 7, 1.5, 28, 'Runout measured, lubrication lines checked, way oil topped up.', '[{"name": "Way oil ISO 68, 5 l", "quantity": 1}]',
     '{Runout 0.004 mm.,Runout 0.006 mm; within limits.,Distributor 3 was blocked and is replaced.}'),
    ('CNC machining', 'Wire EDM', 'Change filters and resin', 'Conductivity below 10 µS/cm after the change.', 'Medium', null, 900, 0, 2, 310, 'Filter set and deionising resin changed.',
     '[{"name": "Filter cartridge 340 mm", "quantity": 2}, {"name": "Deionising resin, 10 l", "quantity": 1}]', '{Conductivity 6 µS/cm.}'),
    ('Grinding', '%grinder', 'Clean the extraction and check the guards', 'Spark arrester, dust drawer, wheel guards, emergency stop.', 'Medium', 91, null, 7, 1, 8, 'Extraction cleaned, guards and emergency stop tested.', '[]',
     '{In order.,Guard screw was loose.,Gap at the tool rest set to 2 mm.}'),
    ('Sheet metal', 'Press brake%', 'Check light guard and two-hand control', 'With the test rod, at each tool height; stopping time.', 'High', 91, null, 10, 0.75, 0, 'Light guard and two-hand control tested, stopping time measured.', '[]',
     '{Stopping time 62 ms.,Stopping time 66 ms; within limits.,Lens cleaned; then in order.}'),
    ('Sheet metal', '(Press brake|Guillotine shear)%', 'Change hydraulic oil filter', 'Take an oil sample for the laboratory.', 'Medium', 365, 1500, 14, 1.5, 94, 'Filter changed, oil sample sent.', '[{"name": "Return filter 10 µm", "quantity": 1}]',
     '{Oil clear; no metal in the filter.,Some bronze in the filter; watch the pump.}'),
    ('Sheet metal', 'Fibre laser', 'Clean optics and change the protective window', 'Lint-free wipes and gloves. Check the beam centring afterwards.', 'High', null, 300, 0, 0.75, 85, 'Window changed, lens inspected, beam centred.',
     '[{"name": "Protective window", "quantity": 1}]', '{Lens clean.,Window burnt at the edge; nozzle distance corrected.,Spatter on the nozzle; replaced.}'),
    ('Sheet metal', '(Punch press|Deburring|Plate)%', 'Lubricate and check drives', 'By the chart on the inside of the cabinet door.', 'Low', 120, null, 7, 1.25, 18, 'Lubricated by the chart, belts and chains checked.',
     '[{"name": "Multi-purpose grease, 400 g", "quantity": 1}]', '{In order.,Belt retensioned.}'),
    ('Welding', '(MIG|TIG|Spot|Plasma)%', 'Electrical safety test', 'Visual inspection, protective conductor, insulation, no-load voltage. Label with the month.', 'High', 182, null, 14, 0.5, 0, 'Tested and labelled.', '[]',
     '{Passed.,Passed; earth clamp replaced.,Passed after the mains plug was renewed.}'),
    ('Welding', 'Welding robot cell', 'Service torch, wire feed and cleaning station', 'Liner, contact tip, drive rolls; check TCP with the gauge.', 'Medium', null, 250, 0, 1.25, 64, 'Torch serviced, liner and rolls changed, TCP checked.',
     '[{"name": "Contact tip 1.2 mm", "quantity": 10}, {"name": "Liner 4 m", "quantity": 1}]', '{TCP within 0.3 mm.,TCP was 0.8 mm off and is taught again.}'),
    ('Welding', 'Fume extraction%', 'Empty the dust drawer and read the filter pressure', 'Mask and gloves. Above 1,500 Pa order filters.', 'Medium', 30, null, 3, 0.5, 0, 'Drawer emptied, pressure read.', '[]',
     '{820 Pa.,940 Pa.,"1,080 Pa.","1,210 Pa; filters should be ordered this quarter."}'),
    ('Sawing and drilling', 'Band saw%', 'Change the blade guides and clean the chip conveyor', '', 'Medium', null, 600, 0, 1.5, 72, 'Guides changed, conveyor and tank cleaned.', '[{"name": "Carbide guide", "quantity": 4}]', '{Nothing unusual.,Blade tension was low.}'),
    ('Sawing and drilling', '%drill%', 'Check guard, belt and emergency stop', '', 'Medium', 182, null, 7, 0.5, 0, 'Guard, belt and emergency stop checked.', '[]', '{In order.,Belt cracked; replaced from stock.,Guard switch adjusted.}'),
    ('Compressed air', 'Compressor%', 'Change oil, oil filter and separator', 'Write the hours on the filter. Used oil to the drum in the yard.', 'High', 365, 2000, 14, 2.5, 420, 'Oil, filters and separator changed.',
     '[{"name": "Screw compressor oil, 20 l", "quantity": 1}, {"name": "Oil filter", "quantity": 1}, {"name": "Oil separator", "quantity": 1}]', '{Oil dark but clear.,Cooler dusty; blown out.}'),
    ('Compressed air', '(Air receiver|Refrigeration)%', 'Test the condensate drain and the safety valve', '', 'Medium', 30, null, 3, 0.25, 0, 'Drain and valve tested.', '[]', '{In order.,In order.,Drain was sticking; cleaned.}'),
    ('Material handling', '(Forklift|Reach)%', 'Service after 250 hours', 'Brakes, chains, mast rollers, hydraulics, battery or engine oil.', 'Medium', 365, 250, 14, 2.25, 96, 'Serviced by the list of the manufacturer.', '[{"name": "Chain spray", "quantity": 1}]',
     '{In order.,Chain elongation 1.1 %.,Left fork worn 6 %; measure again next time.,Brake fluid changed.}'),
    ('Material handling', '%crane%', 'Inspection by a competent person', 'Rope, hook, brake, limit switches, track. Enter the result in the crane book.', 'High', 182, null, 21, 2, 140, 'Inspected; entered in the crane book.', '[]',
     '{No defects.,Two broken wires in the rope; within limits.,Upper limit switch adjusted.}'),
    ('Material handling', 'Electric pallet%', 'Top up the battery water and check the charger', 'Distilled water only, after charging.', 'Low', 30, null, 3, 0.25, 3, 'Topped up.', '[{"name": "Distilled water, 5 l", "quantity": 1}]', '{In order.,Cell 4 takes more water than the others.}'),
    ('Building services', 'Emergency generator', 'Test run under load', '30 minutes at 60 % load; start battery, coolant, diesel.', 'High', 30, null, 5, 1, 15, 'Run for 30 minutes at 60 % load.', '[]', '{Started at once.,Start battery 12.4 V; charger set.,Started at once; 40 l of diesel filled in.}'),
    ('Building services', 'Ventilation%', 'Change the air filters', '', 'Low', 120, null, 10, 1.5, 118, 'Filters changed, belt checked.', '[{"name": "Bag filter ePM1 60 %", "quantity": 4}]', '{Pressure drop 90 Pa afterwards.}'),
    ('Building services', 'Roller door%', 'Test safety edge and emergency opening', '', 'Medium', 91, null, 7, 0.5, 0, 'Safety edge, photo cell and emergency opening tested.', '[]', '{In order.,Photo cell cleaned and aligned.}'),
    ('Building services', 'Gas boiler', 'Service before the heating season', 'Burner, flue gas measurement, expansion vessel.', 'Medium', 365, null, 30, 3, 290, 'Burner cleaned, flue gas measured.', '[{"name": "Ignition electrode", "quantity": 1}]', '{"CO 12 ppm, loss 2.1 %."}'),
    ('Measuring', '%', 'Calibrate', 'Certificate to the quality folder.', 'High', 182, null, 21, 3, 540, 'Calibrated; certificate filed.', '[]', '{Within specification.,Within specification; stylus 2 replaced.}');

-- -- breakdowns and requests, in the words of the people who work with the machines

create temp table fault (n int generated always as identity, category text, pattern text, title text, description text, priority text, hours numeric, cost numeric,
                         done text, findings text, parts jsonb, uses int not null default 0) on commit drop;
insert into fault (category, pattern, title, description, priority, hours, cost, done, findings, parts) values
    ('CNC machining', '%lathe%', 'Coolant pump does not deliver', 'Runs, but only a trickle at the turret.', 'High', 1.5, 34, 'Pump taken out, impeller freed of chips.', 'Chip screen was torn.', '[{"name": "Chip screen", "quantity": 1}]'),
    ('CNC machining', '(Machining|Horizontal)%', 'Tool changer stops half-way', 'Alarm "ATC not in position", twice this shift.', 'Critical', 3.5, 210, 'Proximity switch replaced, changer referenced.', 'Cable of the switch was chafed at the arm.', '[{"name": "Proximity switch M12", "quantity": 1}]'),
    ('CNC machining', '(CNC lathe|Machining)%', 'Way covers squeal on the X axis', 'Only on rapid moves.', 'Low', 1, 45, 'Wipers changed, covers greased.', null, '[{"name": "Wiper lip, 1 m", "quantity": 3}]'),
    ('CNC machining', '(CNC lathe|Machining|Horizontal)%', 'Chip conveyor jams', 'Trips after ten minutes.', 'Medium', 2, 0, 'Long chips removed, torque limiter set.', 'Chip breaker of programme 4411 should be changed.', '[]'),
    ('CNC machining', '(Machining|Horizontal)%', 'Spindle gets warm above 8,000 rpm', 'Temperature reaches 58 °C after an hour.', 'High', 4.5, 380, 'Chiller cleaned, coolant replaced, flow set to 9 l/min.', 'Filter of the chiller was clogged.', '[{"name": "Chiller coolant, 10 l", "quantity": 2}]'),
    ('CNC machining', '%', 'Work light is out', '', 'Low', 0.5, 58, 'LED lamp replaced.', null, '[{"name": "LED machine lamp 24 V", "quantity": 1}]'),
    ('CNC machining', 'Wire EDM', 'Wire breaks at the start hole', 'Four times today, same material as always.', 'Medium', 1.5, 76, 'Upper guide and power contact changed.', 'Power contact had a groove.', '[{"name": "Wire guide 0.25 mm", "quantity": 1}, {"name": "Power contact", "quantity": 2}]'),
    ('Grinding', '%', 'Vibration marks on the workpiece', 'Since the new wheel was put on.', 'Medium', 1.25, 0, 'Wheel balanced and dressed.', 'Flange was not clean.', '[]'),
    ('Grinding', '(Surface|Cylindrical) grinder', 'Magnetic chuck holds weakly', 'Left third.', 'High', 2.5, 260, 'Rectifier replaced.', 'One diode had failed.', '[{"name": "Rectifier 110 V", "quantity": 1}]'),
    ('Grinding', 'Tool grinder', 'Mist extraction too loud', '', 'Low', 1, 95, 'Fan bearing changed.', null, '[{"name": "Bearing 6204-2RS", "quantity": 2}]'),
    ('Sheet metal', 'Press brake%', 'Back gauge loses its position', 'Off by 0.4 mm after some fifty parts.', 'High', 2, 120, 'Coupling tightened, belt replaced, axis calibrated.', 'Belt had missing teeth.', '[{"name": "Toothed belt T5", "quantity": 1}]'),
    ('Sheet metal', '(Press brake|Guillotine)%', 'Oil below the hydraulic unit', 'About a cup each day.', 'Medium', 2.5, 65, 'Hose and two seals replaced, oil topped up.', 'Hose from 2014.', '[{"name": "Hydraulic hose 3/8 in, 1.2 m", "quantity": 1}, {"name": "Seal kit", "quantity": 1}]'),
    ('Sheet metal', 'Fibre laser', 'Cut edge burrs on one side', '3 mm stainless, nitrogen.', 'Medium', 1, 40, 'Nozzle changed, beam centred.', null, '[{"name": "Nozzle 2.0 mm", "quantity": 2}]'),
    ('Sheet metal', 'Fibre laser', 'Chiller alarm, water temperature', 'Stops the source after twenty minutes.', 'Critical', 3, 150, 'Condenser cleaned, fan relay replaced.', 'Dust from the deburring machine; the duct should be moved.', '[{"name": "Relay 24 V", "quantity": 1}]'),
    ('Sheet metal', 'Punch press', 'Tool turret needs two attempts to lock', '', 'Medium', 2, 30, 'Index pin cleaned and greased, sensor aligned.', null, '[]'),
    ('Sheet metal', 'Deburring%', 'Conveyor belt runs to the left', '', 'Low', 0.75, 0, 'Belt tracked.', null, '[]'),
    ('Welding', 'MIG welder%', 'Wire feed slips', 'New spool makes no difference.', 'Medium', 0.75, 26, 'Drive rolls and liner changed.', null, '[{"name": "Drive roll 1.0 mm", "quantity": 2}, {"name": "Liner 4 m", "quantity": 1}]'),
    ('Welding', '(MIG|TIG)%', 'Gas valve hisses when idle', 'Smells of nothing, but the bottle is empty on Monday.', 'High', 1, 49, 'Solenoid valve replaced, leak test done.', null, '[{"name": "Gas solenoid valve", "quantity": 1}]'),
    ('Welding', 'TIG welder%', 'Arc does not ignite', 'High frequency is heard, no arc.', 'Medium', 0.75, 15, 'Torch cable replaced at the plug.', 'Broken strands behind the strain relief.', '[]'),
    ('Welding', 'Welding robot cell', 'Robot stops at the door contact', 'Door is closed. Comes and goes.', 'Critical', 1.5, 88, 'Safety switch replaced and tested.', 'Actuator was bent; probably a pallet.', '[{"name": "Safety switch with actuator", "quantity": 1}]'),
    ('Welding', 'Plasma cutter', 'Pilot arc fails', '', 'Medium', 0.5, 42, 'Electrode and nozzle changed, air filter drained.', 'Water in the air line.', '[{"name": "Electrode", "quantity": 2}, {"name": "Nozzle 85 A", "quantity": 2}]'),
    ('Welding', 'Fume extraction%', 'Weak suction in booth 4', '', 'High', 1.25, 0, 'Damper opened, arm joint tightened.', 'Somebody had closed the damper above the ceiling.', '[]'),
    ('Sawing and drilling', 'Band saw%', 'Cuts run off by 2 mm', 'Round bar of 120 mm.', 'Medium', 1, 68, 'Blade changed, guide arm brought nearer, tension set.', null, '[{"name": "Bimetal blade 4,400 mm", "quantity": 1}]'),
    ('Sawing and drilling', '%drill%', 'Spindle does not return by itself', '', 'Low', 1, 19, 'Return spring replaced.', null, '[{"name": "Return spring", "quantity": 1}]'),
    ('Sawing and drilling', 'Band saw%', 'Hydraulic vice opens slowly', '', 'Medium', 1.5, 22, 'Filter cleaned, oil topped up.', 'Oil level was below the mark.', '[{"name": "Hydraulic oil HLP 46, 5 l", "quantity": 1}]'),
    ('Compressed air', 'Compressor%', 'Trips on high temperature', 'At about 110 °C, in the afternoon.', 'Critical', 2, 0, 'Cooler blown out, room ventilation switched to automatic.', 'The louvre of the room was closed.', '[]'),
    ('Compressed air', 'Refrigeration dryer', 'Water in the lines of hall 3', '', 'High', 1.75, 130, 'Float drain replaced, lines blown out.', null, '[{"name": "Float drain", "quantity": 1}]'),
    ('Compressed air', 'Air receiver%', 'Leak at the gauge', 'Audible at night.', 'Low', 0.5, 24, 'Gauge replaced.', null, '[{"name": "Pressure gauge 0 to 16 bar", "quantity": 1}]'),
    ('Material handling', '(Forklift|Reach)%', 'Horn does not work', '', 'High', 0.5, 21, 'Horn replaced.', null, '[{"name": "Horn 48 V", "quantity": 1}]'),
    ('Material handling', 'Forklift%', 'Mast judders when lowering', 'With load only.', 'Medium', 2, 74, 'Rollers greased, lowering valve cleaned.', null, '[{"name": "Mast grease, cartridge", "quantity": 2}]'),
    ('Material handling', '(Forklift|Reach|Electric)%', 'Battery does not last the shift', 'Empty at about one o''clock.', 'Medium', 1.5, 180, 'Two cells replaced, charger set to 7 hours.', 'Density 1.19 in cells 9 and 14.', '[{"name": "Traction cell 2 V", "quantity": 2}]'),
    ('Material handling', '%crane%', 'Pendant button "down" sticks', '', 'Critical', 1, 63, 'Button block replaced, crane tested without load.', null, '[{"name": "Contact block", "quantity": 1}]'),
    ('Material handling', 'Scissor lift', 'Tilt alarm on level ground', '', 'Medium', 1, 0, 'Sensor levelled and sealed.', null, '[]'),
    ('Building services', 'Roller door%', 'Door stops half-way', 'Has to be opened by the chain.', 'High', 1.25, 55, 'Photo cell replaced.', 'Hit by a pallet.', '[{"name": "Photo cell", "quantity": 1}]'),
    ('Building services', 'Ventilation%', 'Draught and noise at bay B', '', 'Low', 1, 32, 'Belt replaced, speed reduced.', null, '[{"name": "V-belt SPA 1250", "quantity": 2}]'),
    ('Building services', 'Gas boiler', 'Heating in hall 2 stays cold', '', 'High', 1.5, 110, 'Circulation pump bled, thermostat head replaced.', 'Air in the upper line.', '[{"name": "Thermostat head", "quantity": 1}]'),
    ('Measuring', 'Coordinate%', 'Air bearing alarm', 'Pressure 4.2 bar at the inlet.', 'High', 1, 38, 'Filter element changed.', null, '[{"name": "Air filter element", "quantity": 1}]'),
    ('Measuring', 'Profile projector', 'Lamp flickers', '', 'Low', 0.5, 47, 'Lamp changed, contrast set.', null, '[{"name": "Halogen lamp 24 V 150 W", "quantity": 1}]');

-- -- tasks without equipment. every: repeated after so many days; first: how many days ago it was created first; takes:
-- done after so many days; state: its status until then (null: Pending)

create temp table errand (n int generated always as identity, title text, description text, priority text, author text, "user" text, every int, first int, takes numeric, state text) on commit drop;
insert into errand (title, description, priority, author, "user", every, first, takes, state) values
    ('Safety walk through hall 1 and hall 2', 'Escape routes, fire extinguishers, guards, floor. Note everything on one sheet.', 'High', 'marcus.oyelaran', 'tom.whitaker', 28, 359, 2, null),
    ('Count the spare parts in store B', 'Only shelves 1 to 6; order what is below the mark.', 'Medium', 'marcus.oyelaran', 'nora.jensen', 56, 350, 3, null),
    ('Write the maintenance report of the month', 'Hours, cost, the five items that stood still longest.', 'Medium', 'helen.brandt', 'marcus.oyelaran', 30, 352, 4, null),
    ('Plan the shifts of next month', '', 'Medium', 'ines.carvalho', 'ines.carvalho', 30, 345, 5, null),
    ('Toolbox talk', 'Ten minutes on Monday: near misses and what we learnt.', 'Low', 'marcus.oyelaran', 'marcus.oyelaran', 56, 331, 1, null),
    ('Check the eye wash bottles and first aid boxes', '', 'Medium', 'helen.brandt', 'grace.mbeki', 91, 340, 2, null),
    ('Label the shelves in the steel store', '', 'Low', 'ines.carvalho', 'nora.jensen', null, 322, 12, null),
    ('Renew the welding certificates', 'Both run out in the same month; book the examiner.', 'High', 'helen.brandt', 'owen.gallagher', null, 301, 20, null),
    ('Compare offers for cutting inserts', 'Three suppliers, yearly demand of the list.', 'Medium', 'ines.carvalho', 'grace.mbeki', null, 270, 14, null),
    ('Introduce Samuel to the compressor room', 'Keys, lock-out, whom to call.', 'Medium', 'marcus.oyelaran', 'adele.fournier', null, 205, 2, null),
    ('Prepare the move of Machining centre 4', 'Foundation, compressed air, 63 A outlet; rigger comes on the 12th.', 'High', 'ines.carvalho', 'jonas.lindqvist', null, 190, 9, null),
    ('Update the safety data sheets of coolants', '', 'Medium', 'helen.brandt', 'ravi.deshmukh', null, 166, 11, null),
    ('Training plan for Luis', 'First year: filing, turning, pneumatics, electrical basics.', 'Medium', 'marcus.oyelaran', 'tom.whitaker', null, 148, 6, null),
    ('Sell the turret lathe', 'Two dealers have asked.', 'Low', 'helen.brandt', 'ines.carvalho', null, 230, 30, null),
    ('Get quotes for a second laser', '', 'Low', 'ines.carvalho', 'dieter.kaufmann', null, 120, null, 'Cancelled'),
    ('Repaint the walkways in hall 3', 'Yellow, 100 mm. On a Saturday.', 'Low', 'marcus.oyelaran', 'owen.gallagher', null, 96, null, 'Cancelled'),
    ('Audit by the insurer: collect the crane books', 'Both cranes and the jib; last two years.', 'High', 'helen.brandt', 'ravi.deshmukh', null, 61, 8, null),
    ('Write instructions for the new fume extraction', 'One page with pictures, to hang in each booth.', 'Medium', 'marcus.oyelaran', 'fatima.elamrani', null, 44, 16, null),
    ('Order winter tyres and grit for the yard', '', 'Medium', 'helen.brandt', 'nora.jensen', null, 25, 4, null),
    ('Budget for maintenance next year', 'With the replacement of the horizontal machining centre.', 'High', 'helen.brandt', 'marcus.oyelaran', null, 18, null, 'In Progress'),
    ('Find out why compressed air is used at night', '4 m³/min with everything switched off. Leak detector is in store B.', 'Medium', 'marcus.oyelaran', 'adele.fournier', null, 13, null, 'In Progress'),
    ('Fixture for the bracket order, 240 pieces', 'Drawing is with Inês. Two parts per clamping.', 'High', 'ines.carvalho', 'yuki.tanaka', null, 9, null, 'In Progress'),
    ('Ask for a date for the boiler flue inspection', '', 'Medium', 'helen.brandt', 'priya.nair', null, 30, null, 'Pending'),
    ('Sort the drawings of retired machines', '', 'Low', 'marcus.oyelaran', 'luis.herrera', null, 40, null, 'Pending'),
    ('First article report for the bracket order', '', 'High', 'ines.carvalho', 'ravi.deshmukh', null, 4, null, 'Pending'),
    ('Book the forklift refresher course', 'Nora, Dieter, Owen; before the end of the quarter.', 'Medium', 'helen.brandt', 'nora.jensen', null, 6, null, 'Pending'),
    ('Replace the torn strip curtain at dispatch', '', 'Low', 'nora.jensen', 'nora.jensen', null, 11, null, 'Pending'),
    ('Try the new deburring brushes', 'Sample set lies at the machine; report on edge radius and life.', 'Low', 'dieter.kaufmann', 'dieter.kaufmann', null, 3, null, 'Pending');

-- -- work orders that are open today. ago: reported so many days ago; due: in so many days; state: open, claimed for
-- the shift, assigned, or started by the person who has claimed it

create temp table present (n int generated always as identity, item text, title text, description text, priority text, ago int, due int, author text, technician text, state text) on commit drop;
insert into present (item, title, description, priority, ago, due, author, technician, state) values
    ('Plate rolls', 'Lower roll bearing is seized', 'Locked out. Bearing has six weeks of delivery; ordered at the manufacturer.', 'High', 17, 21, 'marcus.oyelaran', 'jonas.lindqvist', 'assigned'),
    ('Press brake 2', 'Ram tilts to the left', '0.15 mm over 2 m. Only short parts until it is mended.', 'High', 9, -2, 'ines.carvalho', 'adele.fournier', 'started'),
    ('Horizontal machining centre', 'Pallet changer alarm 264', 'Pallet B does not seat. Third time this week; production stands.', 'Critical', 1, 0, 'ines.carvalho', 'katya.morozova', 'started'),
    ('Forklift 3, outdoors', 'Diesel smell in the cabin', '', 'High', 3, -1, 'marcus.oyelaran', null, 'open'),
    ('Roller door, south', 'Safety edge does not reverse the door', 'Out of use until mended; take the north door.', 'Critical', 0, 0, 'helen.brandt', null, 'open'),
    ('MIG welder 4', 'Display is dark', 'Welds, but nobody can read the current.', 'Low', 26, -5, 'marcus.oyelaran', null, 'open'),
    ('Column drill 1', 'Table clamp slips', '', 'Medium', 6, 8, 'marcus.oyelaran', 'samuel.kipkemboi', 'claimed'),
    ('CNC lathe 2', 'Door window scratched', 'Polycarbonate pane, 8 mm; ageing, see the manual.', 'Medium', 12, 16, 'marcus.oyelaran', 'tom.whitaker', 'assigned'),
    ('Deburring machine', 'Move the extraction duct', 'The laser''s chiller takes in the dust.', 'Medium', 20, 10, 'ines.carvalho', null, 'open'),
    ('Gas boiler', 'Expansion vessel loses pressure', '0.3 bar a week.', 'Medium', 5, 9, 'helen.brandt', 'priya.nair', 'claimed'),
    ('Machining centre 4', 'Warranty: probe loses its signal', 'Dealer comes with a new receiver.', 'Medium', 4, 3, 'ines.carvalho', 'katya.morozova', 'assigned'),
    ('Scissor lift', 'Renew the warning labels', '', 'Low', 33, -3, 'marcus.oyelaran', 'luis.herrera', 'assigned');

-- -- messages. ago, hour: when it was sent; unread: the recipients who have not read it; item: it is about the open
-- work order of this item

create temp table letter (n int generated always as identity, ago int, hour int, sender text, recipients text[], unread text[], item text, subject text, body text) on commit drop;
insert into letter (ago, hour, sender, recipients, unread, item, subject, body) values
    (342, 9, 'helen.brandt', '{marcus.oyelaran,ines.carvalho,tom.whitaker,nora.jensen,grace.mbeki}', '{}', null, 'Work orders go through Fettle from now on', 'No more slips at the board, please. Whoever sees a fault writes it down here; the board comes down on Friday.'),
    (289, 11, 'ines.carvalho', '{marcus.oyelaran}', '{}', null, 'Laser free on Thursday?', 'The bracket order is late anyway. If you want the laser for the chiller, Thursday from noon is good.'),
    (289, 13, 'marcus.oyelaran', '{ines.carvalho}', '{}', null, 'Re: Laser free on Thursday?', 'Thursday noon it is. Adèle needs three hours, the programme can start again in the evening.'),
    (204, 10, 'marcus.oyelaran', '{adele.fournier,samuel.kipkemboi}', '{}', null, 'Compressor room', 'Adèle, please take Samuel along the next time and show him the lock-out. He has the key from me.'),
    (171, 15, 'helen.brandt', '{marcus.oyelaran,ines.carvalho}', '{}', null, 'Turret lathe is sold', 'The dealer collects it next Tuesday. Please have the oil drained and the chuck taken off.'),
    (149, 8, 'marcus.oyelaran', '{tom.whitaker,luis.herrera}', '{}', null, 'Welcome, Luis', 'Luis starts with Tom. First week: store, tools, reading meters. Tom has the training plan.'),
    (96, 16, 'brian.ashworth', '{grace.mbeki,peter.vandermeer,yuki.tanaka,ines.carvalho}', '{}', null, 'My last week', 'Cake at ten on Friday, in the measuring room. The notes on programme 4411 are in the drawer of lathe 3.'),
    (58, 9, 'ravi.deshmukh', '{helen.brandt}', '{}', null, 'Crane books', 'Both crane books are complete, the jib is missing one page from last spring. I have asked the inspector for a copy.'),
    (31, 14, 'fatima.elamrani', '{marcus.oyelaran}', '{}', null, 'Instructions for the extraction', 'Draft is ready. Could somebody take a picture of the damper from above? I am not allowed on the ladder.'),
    (17, 7, 'dieter.kaufmann', '{marcus.oyelaran,jonas.lindqvist}', '{}', 'Plate rolls', 'Plate rolls: lower roll does not turn', 'It squealed yesterday and stands today. I have locked it out. Three jobs wait for it.'),
    (17, 9, 'marcus.oyelaran', '{dieter.kaufmann,ines.carvalho}', '{}', 'Plate rolls', 'Re: Plate rolls', 'Bearing is ordered, six weeks. Inês, please have the three jobs rolled outside.'),
    (9, 13, 'dieter.kaufmann', '{adele.fournier}', '{}', 'Press brake 2', 'Ram is tilted', 'Parts longer than a metre come out of true. Short ones are fine, I go on with those.'),
    (5, 10, 'ines.carvalho', '{yuki.tanaka,ravi.deshmukh,peter.vandermeer}', '{peter.vandermeer}', null, 'Bracket order: fixture and first article', 'The customer wants the first article report with the delivery of the first ten. Drawing revision is C, not B!'),
    (3, 11, 'nora.jensen', '{marcus.oyelaran}', '{}', 'Forklift 3, outdoors', 'Forklift 3 smells of diesel', 'Only with the heater on. We use it in the yard with the window open until somebody has looked at it.'),
    (2, 9, 'helen.brandt', '{marcus.oyelaran}', '{}', null, 'Budget', 'I need your figures by the end of the week. Please put the horizontal machining centre on a page of its own.'),
    (1, 8, 'grace.mbeki', '{katya.morozova,ines.carvalho}', '{ines.carvalho}', 'Horizontal machining centre', 'Alarm 264 again', 'Third time this week. Pallet B, always after the coolant wash. I have taken a film of it, it is on the panel.'),
    (1, 15, 'katya.morozova', '{grace.mbeki,ines.carvalho,marcus.oyelaran}', '{marcus.oyelaran,ines.carvalho}', 'Horizontal machining centre', 'Re: Alarm 264 again', 'A clamping cone is worn, the pallet seats 0.1 mm too high. Spare one comes tomorrow; until then please only pallet A.'),
    (0, 6, 'nora.jensen', '{helen.brandt,marcus.oyelaran}', '{helen.brandt,marcus.oyelaran}', 'Roller door, south', 'South door is out of use', 'It came down on a pallet and did not stop. Nobody was near. I have put a chain in front of it.');

-- -- reports. ago: written so many days ago; days: about so many days before that. Monthly reports are computed from
-- records.

create temp table account (n int generated always as identity, ago int, days int, author text, item text, title text, body text) on commit drop;
insert into account (ago, days, author, item, title, body) values
    (262, 30, 'ravi.deshmukh', 'Coordinate measuring machine', 'Comparison of the measuring room', 'Ring gauge of 50 mm on both machines, ten times each. Spread 1.1 µm; no action.'),
    (187, 0, 'adele.fournier', 'Compressor 2', 'Leak search in hall 3', 'Eleven leaks found and nine closed. The two that are left need a shut-down of the main line. Saves about 1.2 m³/min.'),
    (110, 90, 'tom.whitaker', 'CNC lathe 1', 'Vibration of the spindle, three months', 'From 0.9 to 1.4 mm/s. Still good; measure each month from now on.'),
    (57, 0, 'ravi.deshmukh', null, 'Audit by the insurer', 'No findings on the cranes. One remark: the inspection labels of the slings cannot be read. New ones are ordered.'),
    (24, 0, 'fatima.elamrani', 'Welding robot cell', 'Near miss at the robot cell', 'A pallet bent the actuator of the door switch. The cell stopped as it should. Floor marking is moved by 400 mm.'),
    (12, 14, 'adele.fournier', 'Compressor 1', 'Air at night', 'Measured for two weeks: 4 m³/min with everything switched off, half of it in hall 2. Search goes on with the detector.');

-- -- accounts and equipment

insert into users (username, email, first_name, last_name, is_active, is_superuser, is_first, date_joined, last_login, updated_at)
select p.username, p.username || '@example.org', p.first_name, p.last_name, p.gone is null, p.n = 1 and none.there, p.n = 1 and none.there, joined.at,
       case when p.gone is null then now() - (p.n * 67 % 50) * interval '1 hour' - p.n * interval '7 minutes' else now() - p.gone * interval '1 month' end, joined.at
  from person p, (select not exists (select from users) as there) none,
       lateral (select (current_date - make_interval(months => p.came))::date + time '08:10' + p.n * interval '11 minutes' as at) joined
 order by p.n;
update person p set id = u.id from users u where u.username = p.username;
update profiles r
   set job_title = p.job_title, date_of_birth = p.born, phone = '+1 555 01' || lpad(p.n::text, 2, '0')
  from person p where r.id = p.id;
insert into credentials (user_id, password_hash) select p.id, current_setting('fettle.example_hash') from person p order by p.n;
insert into user_roles (user_id, role_id) select p.id, r.id from person p join roles r on r.name in ('employee', p.role) order by p.n;

insert into equipment (name, serial_number, category, manufacturer, model, location, acquired_on, service_life_months, service_life_hours, notes, created_at, updated_at)
select i.name, i.serial_number, i.category, i.manufacturer, i.model, i.location, bought.day, i.life_months, i.life_hours, i.notes, entered.at, entered.at
  from item i, lateral (select (current_date - make_interval(months => i.age))::date - i.n * 5 % 23 as day) bought,
       lateral (select greatest(bought.day + 1, current_date - 385) + time '09:00' + i.n * interval '4 minutes' as at) entered
 order by i.n;
update item i
   set id = e.id, hours = case when i.weekly is not null then round(i.weekly * 4.1 * greatest(i.age - 12, 0), 1) end
  from equipment e where e.serial_number = i.serial_number;

create temp table planned (schedule bigint primary key, plan int not null) on commit drop;
-- Whether a pattern of the lists matches the name of an item: % is any text, (a|b) is a or b.
create function pg_temp.suits(name text, pattern text) returns boolean language sql as $$
    select name ~ ('^' || replace(pattern, '%', '.*') || '$')
$$;

do $$
declare
    p record;
    made bigint;
begin
    for p in
        select plan.*, i.id as item, i.hours as shown, greatest(e.acquired_on, current_date - 366) as since, e.created_at as entered
          from item i join equipment e on e.id = i.id join plan on plan.category = i.category and pg_temp.suits(i.name, plan.pattern)
         order by plan.n, i.n
    loop
        insert into schedules (equipment, title, description, priority_level, every_days, every_hours, lead_days, author, next_due_on, next_due_hours, created_at, updated_at)
        values (p.item, p.title, nullif(p.description, ''), p.priority, p.every_days, case when p.shown is not null then p.every_hours end, p.lead, (select id from person where username = 'marcus.oyelaran'),
                p.since + 2 + (random() * p.every_days)::int, round((p.shown + random() * p.every_hours)::numeric, -1), p.entered + interval '1 day', p.entered + interval '1 day')
        returning id into made;
        insert into planned values (made, p.n);
    end loop;
end $$;

-- -- the year

-- the open orders: when and how each will end
create temp table job (task bigint primary key, ends_at timestamptz not null, cancelled boolean not null, technician bigint, done text, findings text,
                       hours numeric, cost numeric, parts jsonb) on commit drop;

-- this day if it is a working day, else the next working day
create function pg_temp.working_day(day date) returns date language sql as $$
    select min(d)::date from generate_series(day, day + 14, interval '1 day') d
     where extract(isodow from d) < 6 and to_char(d, 'MM-DD') not between '12-24' and '12-31' and to_char(d, 'MM-DD') <> '01-01'
$$;
-- a random time within a number of hours after this hour
create function pg_temp.moment(day date, hour int, span int) returns timestamptz language sql as $$
    select day + make_interval(hours => hour, mins => (random() * 60 * span)::int, secs => (random() * 59)::int)
$$;
-- one of these people, chosen at random, who worked there on that day
create function pg_temp.one_of(names text[], day date) returns bigint language sql as $$
    select p.id from person p
     where p.username = any (names) and day > current_date - make_interval(months => p.came)
       and (p.gone is null or day < current_date - make_interval(months => p.gone))
     order by random() limit 1
$$;

do $$
declare
    day date;
    works boolean;
    it record;
    made bigint;
    reported timestamptz;
    supervisor bigint := (select id from person where username = 'marcus.oyelaran');
    planner bigint := (select id from person where username = 'ines.carvalho');
    shown numeric;
    days int;
begin
    for day in select d::date from generate_series(current_date - 365, current_date, interval '1 day') d loop
        works := pg_temp.working_day(day) = day;

        -- due schedules, with the conditions of make_due_orders()
        for it in
            select s.*, p.hours, p.cost, p.done, p.findings, p.parts, c.crew, s.next_due_hours <= coalesce(e.usage_hours, 0) as by_hours
              from schedules s join equipment e on e.id = s.equipment join item i on i.id = e.id join planned on planned.schedule = s.id
              join plan p on p.n = planned.plan join craft c on c.category = e.category
             where s.open_order is null and e.acquired_on < day and (i.retired is null or day < current_date - make_interval(months => i.retired) - interval '50 days')
               and (s.next_due_on - s.lead_days <= day or s.next_due_hours <= coalesce(e.usage_hours, 0))
             order by s.id
        loop
            insert into tasks (title, description, priority_level, due_date, author, "user", equipment, schedule, created_at, updated_at)
            values (it.title, it.description, it.priority_level, least(it.next_due_on, case when it.by_hours then day end), it.author, it.author, it.equipment, it.id,
                    day + interval '2 minutes 4 seconds', day + interval '2 minutes 4 seconds')
            returning id into made;
            update schedules set open_order = made where id = it.id;
            -- most end before the due date, some a little after it, a few much later
            days := case when random() < 0.06 then 6 + (random() * 9)::int when random() < 0.2 then (random() * 3)::int
                         else -(random() * it.lead_days * 0.6)::int end;
            insert into job
            select made, pg_temp.moment(pg_temp.working_day(greatest(day, least(it.next_due_on, case when it.by_hours then day end) + days)), 6, 9), false,
                   null, it.done, it.findings[1 + floor(random() * cardinality(it.findings))::int], it.hours, it.cost, it.parts;
        end loop;

        -- breakdowns and requests
        for it in select n, random() as luck from generate_series(1, case when works then 2 else 0 end) n where random() < 0.3 loop
            reported := pg_temp.moment(day, 6, 9);
            continue when reported > now();
            declare
                f fault;
                machine bigint;
            begin
                select * into f from fault order by uses + random() * 3, n limit 1;
                update fault set uses = uses + 1 where n = f.n;
                select i.id into machine
                  from item i join equipment e on e.id = i.id
                 where i.category = f.category and pg_temp.suits(i.name, f.pattern) and e.acquired_on < day
                   and (i.retired is null or day < current_date - make_interval(months => i.retired) - interval '50 days')
                   and not exists (select from tasks t where t.equipment = i.id and t.title = f.title and t.created_at > day - interval '100 days')
                   and not exists (select from present where present.item = i.name and day > current_date - 30)
                 order by random() limit 1;
                continue when machine is null;
                days := case f.priority when 'Critical' then 0 when 'High' then 2 when 'Medium' then 9 else 30 end;
                insert into tasks (title, description, priority_level, due_date, author, "user", equipment, created_at, updated_at)
                select f.title, nullif(f.description, ''), f.priority, pg_temp.working_day(day + days), who.id, who.id, machine, reported, reported
                  from (select case when random() < 0.7 then supervisor else planner end as id) who
                returning id into made;
                insert into job
                select made, greatest(pg_temp.moment(pg_temp.working_day(day + floor(random() * (days + 1) * 1.1)::int), 7, 9), reported + f.hours * interval '1 hour 10 minutes'),
                       f.priority in ('Low', 'Medium') and it.luck < 0.08, null, f.done, f.findings, f.hours, f.cost, f.parts;
            end;
        end loop;

        for it in select * from present where ago = current_date - day order by n loop
            reported := least(pg_temp.moment(day, 6, 9), now() - interval '5 minutes');
            insert into tasks (title, description, priority_level, due_date, status, author, "user", equipment, claimed_until, created_at, updated_at)
            select it.title, nullif(it.description, ''), it.priority, current_date + it.due, case when it.state = 'started' then 'In Progress' else 'Pending' end,
                   author.id, coalesce(technician.id, author.id), i.id,
                   case it.state when 'open' then null when 'assigned' then without_end() else now() + interval '5 hours' + it.n * interval '13 minutes' end, reported, reported
              from item i join person author on author.username = it.author left join person technician on technician.username = it.technician
             where i.name = it.item;
        end loop;

        for it in select * from errand where current_date - day = first or (every is not null and current_date - day < first and (first - (current_date - day)) % every = 0) order by n loop
            reported := least(pg_temp.moment(day, 7, 8), now() - interval '5 minutes');
            insert into tasks (title, description, priority_level, due_date, status, completed_at, author, "user", created_at, updated_at)
            select it.title, nullif(it.description, ''), it.priority, pg_temp.working_day(day + coalesce(it.takes * 1.3, 14)::int),
                   case when ends.at <= now() then 'Complete' else coalesce(it.state, 'Pending') end, case when ends.at <= now() then ends.at end, author.id, who.id, reported, reported
              from person author, person who,
                   (select pg_temp.moment(pg_temp.working_day(day + (it.takes * (0.5 + random()))::int + 1), 8, 7) as at) ends
             where author.username = it.author and who.username = it."user";
        end loop;

        -- orders that end on this day
        for it in
            select job.*, t.equipment, t.created_at, c.crew from job join tasks t on t.id = job.task join equipment e on e.id = t.equipment join craft c on c.category = e.category
             where job.ends_at < day + 1 and job.ends_at <= now() - interval '10 minutes' and t.status = 'Pending'
             order by job.ends_at, job.task
        loop
            if it.cancelled then
                update tasks set status = 'Cancelled' where id = it.task;
                continue;
            end if;
            insert into maintenance (task, equipment, technician, performed_at, description, findings, hours_spent, cost, parts, created_at, updated_at)
            select it.task, it.equipment, pg_temp.one_of(it.crew, day), it.ends_at, it.done, it.findings, greatest(0.25, round((it.hours * (0.75 + random() * 0.6) * 4)::numeric) / 4),
                   round((it.cost * (0.95 + random() * 0.12))::numeric, 2), it.parts, noted.at, noted.at
              from (select it.ends_at + random() * interval '9 minutes' as at) noted;
            update tasks set completed_at = it.ends_at where id = it.task;
        end loop;

        -- each meter is read once a week, on its own weekday
        for it in
            select i.*, c.readers from item i join equipment e on e.id = i.id join craft c on c.category = i.category
             where i.weekly is not null and e.acquired_on < day and (i.retired is null or day < current_date - make_interval(months => i.retired) - interval '10 days')
               and works and (extract(isodow from day) = 1 + i.n % 5 or not exists (select from readings r where r.equipment = i.id))
               and not (i.name = 'Plate rolls' and day > current_date - 17)
             order by i.n
        loop
            reported := pg_temp.moment(day, 14, 2);
            continue when reported > now();
            shown := (select round(it.hours + it.weekly * (0.8 + random() * 0.4)::numeric * extract(epoch from reported - r.read_at)::numeric / 604800, 1)
                        from readings r where r.equipment = it.id order by r.read_at desc limit 1);
            insert into readings (equipment, hours, read_at, technician, created_at)
            values (it.id, coalesce(shown, it.hours), reported, coalesce(pg_temp.one_of(it.readers, day), supervisor), reported + interval '1 minute');
            update item set hours = coalesce(shown, it.hours) where n = it.n;
        end loop;
    end loop;
end $$;

-- -- today's state

update equipment e set status = 'Retired' from item i where i.id = e.id and i.retired is not null;
update schedules s set is_active = false from item i where i.id = s.equipment and i.retired is not null;
update equipment set status = 'Out of Service' where name in ('Plate rolls', 'Roller door, south');
update equipment set status = 'Under Maintenance' where name in ('Press brake 2', 'Horizontal machining centre');

-- -- messages and reports, in the order in which they were written

do $$
declare
    it record;
    made bigint;
begin
    for it in
        select l.*, p.id as sender_id, sent.at, t.id as task
          from letter l join person p on p.username = l.sender
               cross join lateral (select least(current_date - l.ago + make_interval(hours => l.hour, mins => l.n * 37 % 60), now() - interval '20 minutes') as at) sent
               left join equipment e on e.name = l.item
               left join lateral (select max(t.id) as id from tasks t where t.equipment = e.id and is_open(t.status)) t on true
         order by sent.at, l.n
    loop
        insert into messages (sender, subject, body, task, sent_at) values (it.sender_id, it.subject, it.body, it.task, it.at) returning id into made;
        insert into message_copies (message, holder, sender, sent_at, is_sent, is_received) values (made, it.sender_id, it.sender_id, it.at, true, false);
        insert into message_copies (message, holder, sender, sent_at, is_sent, is_received, read_at, version)
        select made, p.id, it.sender_id, it.at, false, true, seen.at, case when seen.at is null then 1 else 2 end
          from person p, lateral (select case when p.username <> all (it.unread) then it.at + p.n * interval '47 seconds' end as at) seen
         where p.username = any (it.recipients)
         order by p.n;
    end loop;
end $$;

insert into reports (author, title, body, equipment, period_start, period_end, created_at, updated_at)
select p.id, w.title, w.body, e.id, w.period_start, w.period_end, w.at, w.at
  from (select a.author, a.title, a.body, a.item, case when a.days > 0 then current_date - a.ago - a.days end as period_start,
               case when a.days > 0 then current_date - a.ago end as period_end, current_date - a.ago + time '15:20' + a.n * interval '13 minutes' as at
          from account a
         union all
        select 'marcus.oyelaran', 'Maintenance in ' || to_char(month.first, 'FMMonth YYYY'),
               done.records || ' orders done, ' || done.hours || ' hours, ' || done.cost || ' for parts and services. Most time went into: ' || done.most || '.',
               null, month.first::date, (month.first + interval '1 month')::date - 1, month.first + interval '1 month 2 days 10 hours'
          from generate_series(date_trunc('month', now()) - interval '11 months', date_trunc('month', now()) - interval '1 month', interval '1 month') month (first)
               cross join lateral (
                   select sum(i.records) as records, sum(i.hours) as hours, sum(i.cost) as cost, string_agg(i.name, ', ' order by i.place) filter (where i.place <= 5) as most
                     from (select e.name, count(*) as records, sum(m.hours_spent) as hours, sum(m.cost) as cost, row_number() over (order by sum(m.hours_spent) desc, e.id) as place
                             from maintenance m join equipment e on e.id = m.equipment
                            where m.performed_at >= month.first and m.performed_at < month.first + interval '1 month' group by e.id, e.name) i) done
         where month.first + interval '1 month 2 days 10 hours' < now()) w
       join person p on p.username = w.author left join equipment e on e.name = w.item
 order by w.at;
