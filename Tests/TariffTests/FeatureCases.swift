/// Linking and capping: what the published oracles do not show.
let linkFeatures: [Feature] = [
  Feature(
    "from arrival to arrival, the end is outside",
    rules: flat
      + "transfers: [{name: t, within: 30 min, from: arrival, to: arrival, end: outside, pays: free}]",
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:10", mode: bus, pays: 10.00}
        - {on: "08:15", off: "08:39:59", mode: bus, pays: 0}
        - {on: "08:39:59", off: "08:40", mode: bus, pays: 10.00}
      """),
  Feature(
    "a fixed supplement, and the fare of the dearest ride",
    rules: """
      fares: [{name: bus, when: {mode: bus}, price: 10}, {name: rail, when: {mode: rail}, price: 14}]
      transfers:
      - {name: supplement, when: {medium: card}, within: 60 min, pays: {supplement: 1.50}}
      - {name: dearest, when: {medium: bank}, within: 60 min, pays: difference}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, pays: 10.00}
        - {at: "09:00", mode: rail, pays: 1.50}
        - {at: "10:00", mode: bus, medium: bank, pays: 10.00}
        - {at: "10:30", mode: rail, medium: bank, pays: 4.00}
        - {at: "10:40", mode: rail, medium: bank, pays: 0}
      """),
  Feature(
    "a supplement that is not said for a medium is no transfer for it",
    rules: flat
      + "transfers: [{name: t, within: 60 min, pays: {supplement: {by: medium, card: 1.50, qr: unknown}}}]",
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, medium: bank, pays: 10.00}
        - {at: "08:10", mode: bus, medium: bank, pays: 10.00}
        - {at: "08:50", mode: bus, medium: qr, pays: 10.00}
        - {at: "09:50", mode: bus, pays: 1.50, because: supplement}
      """),
  Feature(
    "the same line again and the way back are no transfers",
    rules: flat
      + "transfers: [{name: t, within: 60 min, refuses: [return, same_stop], pays: free}]",
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, route: 1, direction: 0, stop: A, pays: 10.00}
        - {at: "08:10", mode: bus, route: 1, direction: 0, stop: B, pays: 0}
        - {at: "08:20", mode: bus, route: 1, direction: 1, stop: C, pays: 10.00}
        - {at: "08:30", mode: bus, route: 2, direction: 0, stop: C, pays: 10.00}
      """),
  Feature(
    "a ride at the very end of a transfer that refuses it for its line is not late",
    rules: flat
      + "transfers: [{name: t, within: 60 min, refuses: [same_route], pays: free}]",
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, route: 1, pays: 10.00}
        - {at: "09:00", mode: bus, route: 1, pays: 10.00, because: transfer "t" does not apply}
        - {at: "10:00:01", mode: bus, route: 1, pays: 10.00, because: transfer "t" ended 1 min before}
      """),
  Feature(
    "only on the same line may a journey be broken",
    rules: flat + "transfers: [{name: t, within: 60 min, only: same_route, pays: free}]",
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, route: 1, pays: 10.00}
        - {at: "08:30", mode: bus, route: 1, pays: 0}
        - {at: "08:40", mode: bus, route: 2, pays: 10.00}
      """),
  Feature(
    "a break of journey, and the longest time of a whole journey",
    rules: """
      fares: [{name: a, price: {by: zones, pairs: [{from: 1, to: 1, price: 5}, {from: 1, to: 2, price: 7}, {from: 2, to: 3, price: 6}, {from: 1, to: 3, price: 9}]}}]
      chains: [{name: break, within: 30 min, from: arrival, joins: all, priced_by: ends, whole_within: 2 h}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:20", mode: rail, zone: 1, to_zone: 2, pays: 7.00}
        - {on: "08:50", off: "09:40", mode: rail, zone: 2, to_zone: 3, pays: 2.00}
        - {on: "10:00", off: "10:10", mode: rail, zone: 3, to_zone: 1, pays: 0}
        - {on: "10:11", off: "10:20", mode: rail, zone: 1, to_zone: 1, pays: 5.00}
      """),
  Feature(
    "a broken journey is asked for the stop and the zone where it began",
    rules: """
      fares:
      - {name: airport, when: {stop: Airport}, price: 20}
      - {name: inner, when: {zones: 1}, price: 2}
      - {name: from far out, when: {zone: 9, to_zone: 1}, price: 12}
      - {name: by stops, when: {stop: 500..599, to_stop: 7}, price: 9}
      - {name: ride, price: 5}
      chains: [{name: break, within: 30 min, from: arrival, joins: all, priced_by: ends}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        # From B to C by way of the airport is no ride from the airport.
        - {on: "08:00", off: "08:20", mode: rail, stop: B, to_stop: Airport, pays: 5.00}
        - {on: "08:30", off: "08:50", mode: rail, stop: Airport, to_stop: C, costs: 20.00, pays: 0}
        # Both ends of the whole lie in zone 1.
        - {on: "10:00", off: "10:20", mode: rail, zone: 1, to_zone: 1, pays: 2.00}
        - {on: "10:30", off: "10:50", mode: rail, zone: 2, to_zone: 1, costs: 5.00, pays: 0}
        # From zone 9 to zone 1 the whole is 12.00, and by stops from one that no list names 9.00.
        - {on: "12:00", off: "12:20", mode: rail, zone: 9, to_zone: 2, pays: 5.00}
        - {on: "12:30", off: "12:50", mode: rail, zone: 2, to_zone: 1, costs: 5.00, pays: 7.00}
        - {on: "14:00", off: "14:20", mode: rail, stop: 555, to_stop: 8, pays: 5.00}
        - {on: "14:30", off: "14:50", mode: rail, stop: 8, to_stop: 7, costs: 5.00, pays: 4.00}
        total: 28.00
      """),
  Feature(
    "a ride of a journey without its tap off pays what the dearest one from there does",
    rules: """
      tapping: {limit: 1 h}
      fares:
      - {name: rail, when: {mode: rail}, price: {by: distance, bands: [{under: 10, price: 3}, {under: 20, price: 5}, {price: 8}]}}
      - {name: metro, when: {mode: metro}, price: 4}
      chains: [{name: journey, within: 60 min, from: arrival, joins: all, priced_by: longest}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:10", mode: rail, km: 5, pays: 3.00}
        # How far it went nobody knows, however short the ride before it was.
        - {on: "08:20", mode: rail, pays: 8.00, because: incomplete}
        # All that was paid is taken off the five of the whole.
        - {on: "09:00", off: "09:10", mode: rail, km: 15, costs: 5.00, pays: 0}
        # Where the price asks for no length, the whole is known without the tap off.
        - {on: "11:00", off: "11:10", mode: metro, km: 5, pays: 4.00}
        - {on: "11:20", mode: metro, costs: 4.00, pays: 0}
        total: 15.00
      """),
  Feature(
    "a journey by all kilometres ends with a ride whose kilometres nobody knows",
    rules: """
      tapping: {limit: 1 h}
      fares: [{name: rail, price: {by: distance, bands: [{under: 10, price: 3}, {under: 20, price: 5}, {price: 8}]}}]
      chains: [{name: journey, within: 60 min, from: arrival, joins: all, priced_by: sum}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:10", mode: rail, km: 5, pays: 3.00}
        - {on: "08:20", mode: rail, pays: 8.00, because: incomplete}
        # The next two are a journey of their own, of 13 kilometres.
        - {on: "09:00", off: "09:10", mode: rail, km: 5, pays: 3.00}
        - {on: "09:20", off: "09:40", mode: rail, km: 8, costs: 3.00, pays: 2.00}
        total: 16.00
      """),
  Feature(
    "pay on exit tests the window when the ride ends",
    rules: flat + """
      times: {afternoon: [{from: "12:00"}]}
      transfers: [{name: t, within: 60 min, pay_on_exit: {time: afternoon}, pays: free}]
      """,
    rides: """
        rides:
        - {on: "2024-05-14 08:00", off: "2024-05-14 08:10", mode: bus, pays: 10.00}
        - {on: "2024-05-14 08:50", off: "2024-05-14 09:20", mode: bus, pays: 0}
        - {on: "2024-05-14 13:00", off: "2024-05-14 13:10", mode: bus, pays: 10.00}
        - {on: "2024-05-14 13:30", off: "2024-05-14 14:00", mode: bus, pays: 0}
        - {on: "2024-05-14 14:00", off: "2024-05-14 14:00:01", mode: bus, pays: 10.00}
      """),
  Feature(
    "a cap by the zones of all rides of the week together",
    rules: """
      fares: [{name: rail, when: {mode: rail}, price: 10}, {name: bus, when: {mode: bus}, price: 4}]
      caps:
      - name: week
        per: week
        amount: 60
        zone_sets:
        - {zones: [1, 2], amount: 22}
        - {zones: [2, 3], amount: 24}
        - {zones: [1, 2, 3], amount: 35}
      """,
    rides: """
        rides:
        - {on: "2024-05-13 08:00", off: "2024-05-13 08:20", mode: rail, zone: 2, to_zone: 2, pays: 10.00}
        - {on: "2024-05-14 08:00", off: "2024-05-14 08:20", mode: rail, zone: 1, to_zone: 2, pays: 10.00}
        - {at: "2024-05-14 09:00", mode: bus, pays: 2.00}
        - {on: "2024-05-15 08:00", off: "2024-05-15 08:20", mode: rail, zone: 2, to_zone: 1, pays: 0, because: week}
        - {on: "2024-05-16 08:00", off: "2024-05-16 08:20", mode: rail, zone: 2, to_zone: 3, pays: 10.00}
        - {on: "2024-05-17 08:00", off: "2024-05-17 08:20", mode: rail, zone: 1, to_zone: 1, pays: 3.00}
        - {on: "2024-05-19 08:00", off: "2024-05-19 08:20", mode: rail, zone: 9, to_zone: 1, pays: 10.00}
        - {on: "2024-05-20 08:00", off: "2024-05-20 08:20", mode: rail, zone: 3, to_zone: 3, pays: 10.00}
      """),
  Feature(
    "a cap of a month from its first ride; the end of February stands for its 31st",
    rules: flat + "caps: [{name: month, per: {months: 1}, amount: 15}]",
    rides: """
        rides:
        - {at: "2024-01-31 08:00", mode: bus, pays: 10.00}
        - {at: "2024-02-28 23:59", mode: bus, pays: 5.00}
        - {at: "2024-02-29 00:00", mode: bus, pays: 10.00}
        - {at: "2024-03-28 08:00", mode: bus, pays: 5.00}
        - {at: "2024-03-29 08:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "a cap that is bought, for a month from its purchase",
    rules: flat + "caps: [{name: saver, per: {product: saver card}, amount: 25}]",
    products: "- {name: saver card, when: {mode: none}, valid: {months: 1}}",
    rides: """
        buys: [{product: saver card, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 06:00", mode: bus, pays: 10.00}
        - {at: "2024-05-14 08:00", mode: bus, pays: 10.00}
        - {at: "2024-05-20 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-13 23:59", mode: bus, pays: 5.00}
        - {at: "2024-06-14 00:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "a cap of one route at peak, inside a cap of all",
    rules: flat + """
      times: {peak: [{days: weekdays, from: "07:00", before: "10:00"}]}
      caps:
      - {name: peak of 1, when: {route: 1, time: peak}, per: day, amount: 12}
      - {name: all, per: day, amount: 35}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "07:00", mode: bus, route: 1, pays: 10.00}
        - {at: "09:59:59", mode: bus, route: 1, pays: 2.00}
        - {at: "10:00", mode: bus, route: 1, pays: 10.00}
        - {at: "10:10", mode: bus, route: 2, pays: 10.00}
        - {at: "10:20", mode: bus, route: 2, pays: 3.00}
      """),
]

/// Products, people and money.
let holdingFeatures: [Feature] = [
  Feature(
    "a month from purchase, with the last of a short month",
    rules: flat, products: "- {name: month, valid: {months: 1, from: purchase}}",
    rides: """
        buys: [{product: month, at: "2024-01-31 12:00"}]
        rides:
        - {at: "2024-01-31 11:00", mode: bus, pays: 10.00}
        - {at: "2024-02-28 23:59", mode: bus, pays: 0}
        - {at: "2024-02-29 00:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "of several products a pass goes before trips, then what ends first",
    rules: flat,
    products: """
      - {name: ten trips, trips: 10, valid: {days: 365}}
      - {name: two trips, trips: 2, valid: {days: 30}}
      - {name: day, valid: {days: 1, from: first_use}}
      """,
    rides: """
        buys: [{product: ten trips, at: "2024-05-01 08:00"}, {product: two trips, at: "2024-05-02 08:00"}, {product: day, at: "2024-05-03 08:00"}]
        rides:
        - {at: "2024-05-10 08:00", mode: bus, pays: 0, because: '"day"'}
        - {at: "2024-05-11 08:00", mode: bus, pays: 0, because: 'one trip of "two trips", 1 left'}
        - {at: "2024-05-11 09:00", mode: bus, pays: 0, because: 'one trip of "two trips", 0 left'}
        - {at: "2024-05-11 10:00", mode: bus, pays: 0, because: 'one trip of "ten trips", 9 left'}
      """),
  Feature(
    "no trip is used for a ride that is free anyway",
    rules: flat + "transfers: [{name: t, within: 30 min, pays: free}]",
    products: "- {name: trips, trips: 2, valid: {days: 30}}",
    rides: """
        buys: [{product: trips, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 0, because: 1 left}
        - {at: "2024-05-14 08:20", mode: bus, pays: 0, because: no trip of}
        - {at: "2024-05-14 09:00", mode: bus, pays: 0, because: 0 left}
        - {at: "2024-05-14 10:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "130 rides in 30 days, whichever is over first",
    rules: flat, products: "- {name: carnet, trips: 2, valid: {days: 3}}",
    rides: """
        buys: [{product: carnet, at: "2024-05-14 23:00"}, {product: carnet, at: "2024-05-20 08:00"}]
        rides:
        - {at: "2024-05-16 23:59", mode: bus, pays: 0, because: 1 left}
        - {at: "2024-05-17 00:00", mode: bus, pays: 10.00}
        - {at: "2024-05-20 09:00", mode: bus, pays: 0}
        - {at: "2024-05-20 10:00", mode: bus, pays: 0}
        - {at: "2024-05-20 11:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "a pass does not carry a second person through the same door",
    rules: flat, products: "- {name: pass, valid: {days: 30}, pass_back: 10 min}",
    rides: """
        buys: [{product: pass, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, vehicle: 7, pays: 0}
        - {at: "2024-05-14 08:09:59", mode: bus, vehicle: 7, pays: 10.00, because: a moment before}
        - {at: "2024-05-14 08:10", mode: bus, vehicle: 7, pays: 0}
        - {at: "2024-05-14 08:11", mode: bus, vehicle: 8, pays: 0}
      """),
  Feature(
    "a pass that pays a part of a dearer ride, and what is left counts to the cap",
    rules: """
      fares: [{name: bus, when: {mode: bus}, price: 3}, {name: boat, when: {mode: ferry}, price: 5.75}]
      transfers: [{name: t, within: 2 h, end: outside, pays: difference}]
      caps: [{name: day, per: day, amount: 4.00}]
      """,
    products: "- {name: regional, valid: {days: 1}, covers: {adult: 3.50, child: 1.75}}",
    rides: """
        day: 2024-05-14
        buys: [{product: regional, at: "07:00"}]
        rides:
        - {at: "08:00", mode: bus, pays: 0, because: carried by "regional"}
        - {at: "12:00", mode: ferry, pays: 2.25, costs: 5.75, because: '"regional" pays 3.50 UAH of it'}
        # The transfer leaves nothing, so the pass does not matter.
        - {at: "13:00", mode: ferry, pays: 0, because: '5.75 UAH credited'}
        - {at: "18:00", mode: ferry, pays: 1.75, because: cap "day" takes off 0.50}
        total: 4.00
      """),
  Feature(
    "of two passes the one that leaves less is taken",
    rules: "fares: [{name: boat, price: {adult: 5.75, child: 2}}]",
    products: """
      - {name: small, valid: {days: 1}, covers: 2.00}
      - {name: large, valid: {days: 9}, covers: {adult: 3.50}}
      """,
    rides: """
        day: 2024-05-14
        buys: [{product: small, at: "06:00"}, {product: large, at: "07:00"}]
        rides:
        - {at: "06:30", mode: ferry, pays: 3.75, because: '"small" pays 2.00 UAH of it'}
        - {at: "08:00", mode: ferry, pays: 2.25, because: '"small" not applied'}
      """),
  Feature(
    "a single by QR code is good for an hour, a card pays each ride",
    rules: """
      fares: [{name: single, price: {by: medium, card: 8, bank: 9, phone: 9, qr: 10}}]
      transfers: [{name: hour, when: {medium: qr}, within: 60 min, end: outside, pays: free}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, medium: qr, pays: 10.00}
        - {at: "08:10", mode: bus, medium: card, pays: 8.00}
        - {at: "08:11", mode: bus, medium: phone, pays: 9.00}
        - {at: "08:59:59", mode: tram, medium: qr, pays: 0}
        - {at: "09:00", mode: tram, medium: qr, pays: 10.00}
        - {at: "09:01", mode: tram, medium: cash, pays: unknown}
      """),
  Feature(
    "companions pay as adults; a fee is outside the cap, and the sum is rounded once",
    rules: """
      fares: [{name: a, price: {adult: 10.00, child: 10.00, others: 10.00}}]
      caps: [{name: day, per: day, amount: 12.00}]
      surcharges: [{name: airport, when: {stop: Airport}, amount: 3.33}]
      companions: {as: adult}
      rounding: {to: 0.50, rounding: down}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, riders: 3, pays: 30.00, because: companions 20.00}
        - {at: "09:00", mode: bus, stop: Airport, pays: 5.00, because: fee}
        - {at: "10:00", mode: bus, stop: Airport, pays: 3.00}
      """),
  Feature(
    "peak by direction, weekday, holiday and over midnight",
    rules: """
      holidays: [2024-05-15]
      times:
        inbound: [{days: weekdays, holidays: excluded, from: "07:00", through: "09:00", when: {direction: 0}}]
        night: [{from: "23:00", before: "04:00"}]
      day_start: "04:00"
      fares: [{name: a, price: {by: time, inbound: 12, night: 20, others: 8}}]
      """,
    rides: """
        rides:
        - {at: "2024-05-14 07:00", mode: bus, direction: 0, pays: 12.00}
        - {at: "2024-05-14 07:00:01", mode: bus, direction: 1, pays: 8.00}
        - {at: "2024-05-14 09:00", mode: bus, direction: 0, pays: 12.00}
        - {at: "2024-05-14 09:00:01", mode: bus, direction: 0, pays: 8.00}
        - {at: "2024-05-14 23:00", mode: bus, pays: 20.00}
        - {at: "2024-05-15 03:59:59", mode: bus, pays: 20.00}
        - {at: "2024-05-15 04:00", mode: bus, pays: 8.00}
        - {at: "2024-05-15 08:00", mode: bus, direction: 0, pays: 8.00}
        - {at: "2024-05-18 08:00", mode: bus, direction: 0, pays: 8.00}
      """),
  Feature(
    "by vehicle type, operator, route and stop pair",
    rules: """
      services: {minibus: {mode: bus, vehicle: 500..599}, bus: {mode: bus}}
      fares:
      - {name: night line, when: {route: N1}, price: 20}
      - {name: minibus, when: {service: minibus}, price: 12}
      - {name: other operator, when: {operator: X}, price: 9}
      - {name: pair, when: {mode: rail}, price: {by: stops, pairs: [{from: A, to: B, price: 30, both_ways: no}]}}
      - {name: bus, when: {service: bus}, price: 8}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, vehicle: 500, pays: 12.00}
        - {at: "09:00", mode: bus, vehicle: 600, pays: 8.00}
        - {at: "10:00", mode: bus, operator: X, pays: 9.00}
        - {at: "11:00", mode: bus, route: N1, vehicle: 501, pays: 20.00}
        - {on: "12:00", off: "12:10", mode: rail, stop: A, to_stop: B, pays: 30.00}
        - {on: "13:00", off: "13:10", mode: rail, stop: B, to_stop: A, pays: unknown}
        - {at: "14:00", mode: ferry, pays: unknown, because: no rule fits}
      """),
]
