import Clearing
import HTTPTypes
import Intake
import Store
import Tapping
import Wallet

extension Problem {
  /// What to tell the caller about an error of any room; what is not known is our fault.
  init(of error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let refusal as IntakeRefusal: self.init(refusal)
    case let refusal as RiderRefusal: self.init(refusal)
    case let refusal as DeviceLifeRefusal: self.init(refusal)
    case let refusal as QuarantineRefusal: self.init(refusal)
    case let refusal as StopCorrectionRefusal: self.init(refusal)
    case let fault as DenyListFault: self.init(fault)
    case let fault as StoreFault where fault.isOutcomeUnknown: self = .outcomeUnknown
    case let fault as StoreFault where fault.kind == .unavailable:
      self = .unavailable("The database does not answer. Nothing was stored; send it again.")
    default: self = .unhandled
    }
  }
}

extension Problem {
  /// Whether what a request came to deserves a line in the log.
  ///
  /// What only has to come again is counted, and anybody can cause any number of these: a line of each would fill
  /// the disk.
  package static func isWorthALine(_ error: any Error) -> Bool {
    let problem = Problem(of: error)
    let isRefusal = error is Problem || error is IntakeRefusal
    return problem.status.code >= 500 && !(isRefusal && problem.retryAfterSeconds != nil)
  }

  /// A refusal of a desk: what is not there, what contradicts something, what cannot be.
  private init(_ refusal: RiderRefusal) {
    let status: HTTPResponse.Status =
      switch refusal {
      case .unknownRider, .unknownMedium, .unknownHolding, .unknownCardPayment, .proof(.unknown):
        .notFound
      case .erased: .gone
      case .missing, .notAReference: .badRequest
      case .keyReused, .alreadyMerged, .mediumOfAnother, .alreadyReplaced, .sameRider, .ridesWait,
        .chargesOpen, .refundsOwed, .productsLeft, .referenceUsed,
        .moneyLeft, .wallet(.ridesWait), .wallet(.blocked), .proof(.contradicts),
        .proof(.paperOfAnother):
        .conflict
      default: .unprocessableContent
      }
    self.init(status, refusal.code, refusal.description)
  }

  init(_ refusal: DeviceLifeRefusal) {
    self.init(
      refusal == .deviceUnknown ? .notFound : .conflict, refusal.rawValue, refusal.message)
  }

  init(_ refusal: QuarantineRefusal) {
    let status: HTTPResponse.Status =
      switch refusal.code {
      case QuarantineRefusal.unknown.code: .notFound
      case "released_before", "discarded_before": .conflict
      default: .unprocessableContent
      }
    self.init(status, refusal.code, refusal.message)
  }

  init(_ refusal: StopCorrectionRefusal) {
    let status: HTTPResponse.Status =
      switch refusal.code {
      case StopCorrectionRefusal.tapUnknown.code, "correction_unknown": .notFound
      case "rider_erased": .gone
      case "correction_waits", "correction_decided", "own_correction", "correction_changed",
        "nothing_changes", "not_corrected":
        .conflict
      default: .unprocessableContent
      }
    self.init(status, refusal.code, refusal.message)
  }

  init(_ fault: DenyListFault) {
    switch fault {
    case .mediumUnknown(let medium):
      self.init(
        .notFound, "medium_unknown", "No medium \(medium) was ever tapped here.",
        pointer: "/medium")
    case .fingerprintUnknown(let medium):
      self.init(
        .conflict, "fingerprint_unknown",
        "No tap of medium \(medium) can be read any more, so validators cannot know it; it can be "
          + "denied once it is tapped again.", pointer: "/medium")
    case .full:
      self.init(
        .conflict, "deny_list_full",
        "The list holds \(DenyListFile.entriesMax) entries; lift those that no longer matter.")
    }
  }
}
