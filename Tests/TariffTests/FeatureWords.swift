/// Words of the language that neither a city nor another worked case shows.
let wordFeatures: [Feature] = [
  Feature(
    "conditions of either stop, either zone, both zones, direction and how a ride ended",
    rules: """
      lists: {edge: [E1, E2]}
      fares:
      - {name: given up, when: {status: incomplete}, price: 30}
      - {name: edge, when: {any_stop: "@edge"}, price: 20}
      - {name: inner, when: {zones: [1, 2]}, price: 8}
      - {name: outer, when: {any_zone: 3, not: {direction: 1}}, price: 12}
      - {name: back, when: {any: [{direction: 1}, {mode: tram}]}, price: 11}
      tapping: {incomplete: dearest}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:10", mode: rail, stop: A, zone: 1, to_stop: E1, to_zone: 3, pays: 20.00}
        - {on: "09:00", off: "09:10", mode: rail, stop: A, zone: 1, to_stop: B, to_zone: 2, pays: 8.00}
        - {on: "10:00", off: "10:10", mode: rail, stop: A, zone: 1, to_stop: C, to_zone: 3, direction: 0, pays: 12.00}
        - {on: "11:00", off: "11:10", mode: rail, stop: C, zone: 3, to_stop: A, to_zone: 1, direction: 1, pays: 11.00}
        - {at: "12:00", mode: tram, pays: 11.00}
        - {on: "13:00", mode: rail, stop: A, zone: 1, pays: 30.00}
      """),
  Feature(
    "without a tap off a price by both ends is that of the dearest end from there",
    rules: """
      tapping: {limit: 1 h}
      fares:
      - name: suburban
        price:
          by: ends
          look_up: [stop, last_mode, zone]
          table:
          - {from: {stop: S1}, to: {stop: S2}, price: 4.10}
          - {from: {stop: S1}, to: {stop: S3}, price: 6.00}
          - {from: {stop: S1}, to: {last_mode: metro}, price: 5.00}
          - {from: {stop: S1}, to: {zone: 5}, price: 7.50}
          - {from: {last_mode: metro}, to: {stop: S1}, price: 3.00}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "06:00", off: "06:10", mode: rail, stop: S1, to_stop: S2, pays: 4.10}
        - {on: "06:20", off: "06:30", mode: metro, stop: S1, to_stop: S9, to_zone: 5, pays: 5.00}
        # By train it may have gone as far as zone 5.
        - {on: "08:00", mode: rail, stop: S1, pays: 7.50, because: incomplete}
        # By metro zone 5 costs 5.00, as all stops that are not in the table: S3 is dearer.
        - {on: "10:00", mode: metro, stop: S1, pays: 6.00, because: incomplete}
        - {on: "12:00", mode: metro, stop: S7, pays: 3.00, because: incomplete}
        - {on: "14:00", mode: rail, stop: S7, pays: unknown}
      """),
  Feature(
    "without a tap off the dearest fare counts that some end would bring",
    rules: """
      tapping: {limit: 1 h}
      fares:
      - {name: out, when: {zone: 1, to_zone: 2}, price: 20}
      - {name: far, when: {zone: 1, to_zone: 3}, price: 30}
      - {name: edge, when: {any_stop: E}, price: 12}
      - {name: inner, when: {zones: 1}, price: 8}
      - {name: back, when: {zone: 2, not: {to_zone: 3}}, price: 18}
      - {name: round, when: {zone: 2}, price: 10}
      - {name: never, when: {zone: 2}, price: 99}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "06:00", off: "06:30", mode: rail, stop: A, zone: 1, to_stop: B, to_zone: 1, pays: 8.00}
        - {on: "07:00", off: "07:30", mode: rail, stop: A, zone: 2, to_stop: B, to_zone: 3, pays: 10.00}
        - {on: "08:00", mode: rail, stop: A, zone: 1, pays: 30.00, because: incomplete}
        # What lies behind the first fare that every end brings is never reached.
        - {on: "10:00", mode: rail, stop: A, zone: 2, pays: 18.00, because: incomplete}
        - {on: "12:00", mode: rail, stop: E, zone: 3, pays: 12.00, because: incomplete}
        # At the edge it would have had a fare.
        - {on: "14:00", mode: rail, stop: A, zone: 3, pays: 12.00, because: incomplete}
        - {on: "16:00", mode: rail, stop: E, zone: 2, pays: 12.00, because: incomplete}
      """),
  Feature(
    "one way with a price of its own keeps it before a pair for both ways",
    rules: """
      fares: [{name: rail, price: {by: zones, pairs: [{from: 2, to: 1, price: 5, both_ways: no}, {from: 1, to: [2, 3], price: 3}]}}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:10", mode: rail, zone: 1, to_zone: 2, pays: 3.00}
        - {on: "09:00", off: "09:10", mode: rail, zone: 2, to_zone: 1, pays: 5.00}
        - {on: "10:00", off: "10:10", mode: rail, zone: 3, to_zone: 1, pays: 3.00}
      """),
  Feature(
    "a discount and a share on a transfer, never below nothing",
    rules: """
      fares: [{name: bus, when: {mode: bus}, price: 10}, {name: tram, when: {mode: tram}, price: 1.50}]
      transfers:
      - {name: off, when: {medium: card}, within: 60 min, pays: {discount: 2.00}}
      - {name: share, when: {medium: bank}, within: 60 min, pays: {share: 25%, rounding: down, to: 0.50}}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, pays: 10.00}
        - {at: "08:20", mode: bus, pays: 8.00}
        - {at: "08:40", mode: tram, pays: 0}
        - {at: "10:00", mode: bus, medium: bank, pays: 10.00}
        - {at: "10:20", mode: bus, medium: bank, pays: 2.50}
        - {at: "10:40", mode: tram, medium: bank, pays: 0}
      """),
  Feature(
    "rides after the eighth of a week at half price, from the weekday that the city says",
    rules: flat + "week_start: wednesday\nrepeats: [{name: often, after: 2, per: week, pays: 50%}]",
    rides: """
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 10.00}
        - {at: "2024-05-14 09:00", mode: bus, pays: 10.00}
        - {at: "2024-05-14 23:59", mode: bus, pays: 5.00, because: often}
        # Wednesday begins another week.
        - {at: "2024-05-15 00:00", mode: bus, pays: 10.00}
        - {at: "2024-05-21 08:00", mode: bus, pays: 10.00}
        - {at: "2024-05-21 09:00", mode: bus, pays: 5.00}
      """),
  Feature(
    "a discount of repeated riding by a product counts the rides of the fare day",
    rules: flat + "repeats: [{name: often, after: 2, per: {product: card}, pays: 50%}]",
    products: "- {name: card, when: {mode: none}, valid: {days: 30}}",
    rides: """
        buys: [{product: card, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 10.00}
        - {at: "2024-05-14 09:00", mode: bus, pays: 10.00}
        - {at: "2024-05-14 10:00", mode: bus, pays: 5.00}
        - {at: "2024-05-15 08:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "a pass of hours, whose last moment is outside",
    rules: flat, products: "- {name: day and night, valid: {length: 24 h, from: first_use}}",
    rides: """
        buys: [{product: day and night, at: "2024-05-01 08:00"}]
        rides:
        - {at: "2024-05-14 10:00", mode: bus, pays: 0}
        - {at: "2024-05-15 09:59:59", mode: bus, pays: 0}
        - {at: "2024-05-15 10:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "groups by the number of people on one tap",
    rules: """
      fares: [{name: group, price: {by: riders, bands: [{up_to: 1, price: 10}, {under: 4, price: 8}, {price: 6}]}}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, pays: 10.00}
        - {at: "09:00", mode: bus, riders: 3, pays: 24.00}
        - {at: "10:00", mode: bus, riders: 4, pays: 24.00}
      """),
  Feature(
    "a price for each period, each through its last day",
    rules:
      "fares: [{name: a, price: {by: date, periods: [{until: 2024-05-14, price: 8}, {until: 2024-05-31, price: 9}]}}]",
    rides: """
        rides:
        - {at: "2024-05-14 23:59:59", mode: bus, pays: 8.00}
        - {at: "2024-05-15 00:00", mode: bus, pays: 9.00}
        - {at: "2024-06-01 00:00", mode: bus, pays: unknown, because: no price}
      """),
  Feature(
    "a transfer that stops with the fare day, and another that goes on",
    rules: flat + """
      day_start: "04:00"
      transfers:
      - {name: today, when: {medium: card}, within: 2 h, same_day: yes, pays: free}
      - {name: any, when: {medium: bank}, within: 2 h, pays: free}
      """,
    rides: """
        rides:
        - {at: "2024-05-14 03:00", mode: bus, pays: 10.00}
        - {at: "2024-05-14 03:10", mode: bus, medium: bank, pays: 10.00}
        - {at: "2024-05-14 03:59:59", mode: bus, pays: 0}
        - {at: "2024-05-14 04:00", mode: bus, pays: 10.00}
        - {at: "2024-05-14 04:10", mode: bus, medium: bank, pays: 0}
      """),
  Feature(
    "a category whose name the tariff does not know pays as another",
    rules: "unknown_category: adult\nfares: [{name: a, price: {adult: 10, child: 4}}]",
    rides: """
        category: pilot
        day: 2024-05-14
        rides: [{at: "08:00", mode: bus, pays: 10.00}]
      """),
  Feature(
    "what does not count towards a cap, free rides, unknown rides, fees outside it and companions",
    rules: """
      fares: [{name: a, when: {mode: [bus, tram]}, price: {by: mode, bus: 10, tram: free}}]
      surcharges: [{name: fee, when: {stop: Air}, amount: 5}]
      caps: [{name: day, per: day, amount: 15}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, stop: Air, riders: 2, pays: 25.00}
        - {at: "09:00", mode: tram, pays: 0}
        - {at: "10:00", mode: ferry, pays: unknown}
        - {at: "11:00", mode: bus, pays: 5.00, because: day}
        - {at: "12:00", mode: bus, stop: Air, pays: 5.00, because: fee}
      """),
]

/// What the rest of the language says of rides that tickets are for.
let ticketFeatures: [Feature] = [
  // Both trams and the metro ride at nine are one ticket of 2.80 within 80 minutes.
  Feature(
    "a cancelled ride, a second tap and a ride without a tap off take no ticket",
    rules: """
      tapping: {same_stop: {within: 5 min}, pass_back: {within: 5 min, when: {mode: tram}}, incomplete: 8.90}
      tickets: [{name: hour, within: 80 min, price: 2.80}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:03", mode: metro, stop: A, to_stop: A, pays: 0, because: no ride was made}
        - {at: "08:10", mode: tram, vehicle: 7, pays: 2.80}
        - {at: "08:14", mode: tram, vehicle: 7, pays: 0, because: second tap}
        - {on: "09:00", off: "09:10", mode: metro, stop: A, to_stop: B, pays: 0, because: on the ticket}
        - {on: "10:00", mode: metro, stop: A, pays: 8.90, because: incomplete}
        total: 11.70
      """),
  Feature(
    "a doubled tap on takes no ticket",
    rules: """
      tapping: {pass_back: {within: 5 min}, incomplete: 8.90}
      tickets: [{name: single, rides: 1, price: 2.80}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:10", mode: metro, vehicle: 7, pays: 2.80}
        - {on: "08:01", mode: metro, vehicle: 7, pays: 0, because: second tap}
        total: 2.80
      """),
  Feature(
    "a ride on tickets that nobody ended costs the dearest ticket from there",
    rules: """
      zones: [A, B, C]
      tickets:
      - {name: AB, zones: [A, B], within: 80 min, price: 2.80}
      - {name: ABC, zones: [A, B, C], within: 90 min, price: 4.10}
      - {name: C, zones: [C], within: 90 min, price: 9.00}
      """,
    rides: """
        day: 2024-05-14
        rides: [{on: "08:00", mode: metro, stop: X, zone: A, pays: 4.10, because: incomplete}]
      """),
  Feature(
    "a ticket asks for the proof",
    rules: "tickets: [{name: hour, within: 80 min, price: {adult: 2.80, student: 1.40}}]",
    rides: """
        category: student
        buys: [{product: student card, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 1.40}
        - {at: "2024-05-16 08:00", mode: bus, pays: 2.80}
      """),
  // Half of 2.80 is 1.40, down to a step of 0.50.
  Feature(
    "a share of a ticket", rules: "tickets: [{name: hour, within: 80 min, price: 2.80}]",
    rides: """
        category: child
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, pays: 1.00, because: '"child" pays 1.80 UAH less'}
        - {at: "08:30", mode: bus, pays: 0}
      """),
  // The first person pays the ticket once, the second each ride: 2.80 + 2.80, then 2.80.
  Feature(
    "companions pay each ride of a ticket",
    rules: "tickets: [{name: hour, within: 80 min, price: 2.80}]",
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, riders: 2, pays: 5.60}
        - {at: "08:30", mode: bus, riders: 2, pays: 2.80, because: companions 2.80}
        total: 8.40
      """),
  Feature(
    "a ticket refuses a ride for a time after the arrival of another",
    rules: """
      tickets:
      - {name: day, refuses: [{after: {mode: metro}, ride: {mode: bus}, within: 30 min, from: arrival}], price: 2.00}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:20", mode: metro, pays: 2.00}
        - {at: "08:50", mode: bus, pays: 2.00}
        - {on: "09:00", off: "09:20", mode: metro, pays: 0}
        - {at: "09:51", mode: bus, pays: 0}
      """),
  Feature(
    "what may follow on a ticket is timed from arrival and to arrival",
    rules: """
      tickets:
      - name: change
        follows:
        - {after: {mode: metro}, ride: {mode: bus}, within: 30 min, from: arrival}
        - {after: {mode: rail}, ride: {mode: rail}, within: 60 min, to: arrival}
        price: 2.00
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:40", mode: metro, pays: 2.00}
        - {at: "09:10", mode: bus, pays: 0}
        - {on: "10:00", off: "10:40", mode: metro, pays: 2.00}
        - {at: "11:11", mode: bus, pays: 2.00}
        - {on: "12:00", off: "12:20", mode: rail, pays: 2.00}
        - {on: "12:30", off: "13:00", mode: rail, pays: 0}
        - {on: "14:00", off: "14:20", mode: rail, pays: 2.00}
        - {on: "14:50", off: "15:01", mode: rail, pays: 2.00}
      """),
  // Of the 5.60 of yesterday 2.80 are the ticket's: of ABC's 4.10 are left 1.30.
  Feature(
    "over midnight a ticket counts what was due for it, without companions",
    rules: """
      zones: [A, B, C]
      tickets:
      - {name: AB, zones: [A, B], within: 80 min, price: 2.80}
      - {name: ABC, zones: [A, B, C], within: 90 min, price: 4.10}
      """,
    rides: """
        rides:
        - {at: "2024-05-14 23:40", mode: bus, zone: A, riders: 2, pays: 5.60}
        - {at: "2024-05-15 00:10", mode: bus, zone: C, pays: 1.30, because: 2.80 UAH credited}
      """),
]
