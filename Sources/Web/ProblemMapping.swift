import Intake
import Store

extension Problem {
  /// What to tell the caller about an error of any room; what is not known is our fault.
  init(of error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let refusal as IntakeRefusal: self.init(refusal)
    case let fault as StoreFault where fault.kind == .unavailable:
      self = .unavailable("The database does not answer. Nothing was stored; send it again.")
    default: self = .unhandled
    }
  }
}
