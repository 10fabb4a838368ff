import Clearing
import HTTPTypes
import Intake
import Store
import Wallet

extension Problem {
  /// What to tell the caller about an error of any room; what is not known is our fault.
  init(of error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let refusal as IntakeRefusal: self.init(refusal)
    case let refusal as RiderRefusal: self.init(refusal)
    case let fault as StoreFault where fault.kind == .unavailable:
      self = .unavailable("The database does not answer. Nothing was stored; send it again.")
    default: self = .unhandled
    }
  }
}

extension Problem {
  /// A refusal of a desk: what is not there, what contradicts something, what cannot be.
  private init(_ refusal: RiderRefusal) {
    let status: HTTPResponse.Status =
      switch refusal {
      case .unknownRider, .unknownMedium, .unknownHolding: .notFound
      case .erased: .gone
      case .missing, .notAReference: .badRequest
      case .keyReused, .alreadyMerged, .mediumOfAnother, .alreadyReplaced, .sameRider, .ridesWait,
        .moneyLeft, .wallet(.ridesWait), .wallet(.blocked), .proof(.contradicts),
        .proof(.paperOfAnother):
        .conflict
      default: .unprocessableContent
      }
    self.init(status, refusal.code, refusal.description)
  }
}
