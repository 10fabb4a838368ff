package import Basics

/// Why a ride costs what it costs: the rules applied, in order, and the candidates not applied.
package struct FareReason: Hashable, Sendable {
  package var currency: Currency
  package var steps: [FareStep]
  package var notApplied: [FareStep]

  /// Makes a reason.
  package init(currency: Currency, steps: [FareStep], notApplied: [FareStep] = []) {
    self.currency = currency
    self.steps = steps
    self.notApplied = notApplied
  }
}

/// One rule at work on a fare.
package struct FareStep: Hashable, Sendable {
  package var code: FareStepCode
  /// Name of the rule in the tariff, or what was looked for.
  package var rule: String
  /// An amount in minor units: the price, or what the rule took off or added.
  package var minor: Int64?
  /// A count or a length in the unit that the code says.
  package var number: Int64?

  /// Makes a step.
  package init(_ code: FareStepCode, rule: String, minor: Int64? = nil, number: Int64? = nil) {
    self.code = code
    self.rule = rule
    self.minor = minor
    self.number = number
  }
}

/// What a rule did to a fare.
package enum FareStepCode: String, Sendable, CaseIterable, Hashable {
  /// The price of the ride by itself; minor is the price.
  case price
  /// No fare is known; rule says what is missing.
  case unknown
  /// The category rides free and the ride is recorded; minor is what is not paid.
  case freeCategory = "free_category"
  /// The category pays less than the full price, that of the tariff's first category; minor is how
  /// much less in all, number the people who pay so.
  case reducedCategory = "reduced_category"
  /// More than one person; number of people.
  case riders
  /// A pass carries the ride; minor are the fees, where these are all that it pays: beside a ticket.
  case pass
  /// A pass pays a part of the ride; minor is the part.
  case passPart = "pass_part"
  /// A trip of a carnet is used; number of trips left.
  case trip
  /// A transfer after a trip of a carnet: no trip is used; minor as of a pass.
  case tripTransfer = "trip_transfer"
  /// A free transfer; minor is what is not paid.
  case transferFree = "transfer_free"
  /// A transfer that pays the difference; minor is the credit taken off.
  case transferDifference = "transfer_difference"
  /// A transfer at a fixed supplement; minor is the supplement.
  case transferSupplement = "transfer_supplement"
  /// A transfer at a discount; minor is the discount.
  case transferDiscount = "transfer_discount"
  /// The ride opens a transfer window; number of its minutes.
  case transferOpens = "transfer_opens"
  /// The ride is paid beside a running transfer.
  case transferBeside = "transfer_beside"
  /// The ride continues a chain of linked rides; minor is what the chain had paid.
  case chain
  /// A cap took something off; minor is how much.
  case cap
  /// A fee outside the fare; minor is the fee.
  case surcharge
  /// A discount of frequent or repeated riding; minor is how much.
  case discount
  /// The fee of an automatic top-up; minor is the fee.
  case topUpFee = "top_up_fee"
  /// No tap off: the fare is that of an incomplete ride.
  case incomplete
  /// No tap off: the end is taken from the rider's habit; rule is the stop.
  case completedByHabit = "completed_by_habit"
  /// No tap off at a station that is excused.
  case waived
  /// Off where the rider had come on: no ride was made.
  case cancelled
  /// A ticket covers the ride together with others; minor is its price, number its rides.
  case ticket
  /// The ride goes on a ticket that an earlier ride has paid.
  case onTicket = "on_ticket"
  /// The amount was rounded; minor is the change.
  case rounded
  /// A second tap at the same vehicle that is not charged again.
  case passBack = "pass_back"
  /// The ride was open over midnight, and later ones were paid before it ended; minor is how much more it
  /// pays for what those would cost after it, below zero how much less; number of these.
  case laterRides = "later_rides"
}
