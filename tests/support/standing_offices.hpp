// StandingOffices: an office whose control and catalogue are always there, for nodes whose users are the test's own.
#pragma once

#include <memory>

#include "port/office.hpp"

namespace godwit::test {

class StandingOffices final : public Offices {
 public:
  StandingOffices(Control& control, Catalogue& catalogue) : control_(control), catalogue_(catalogue) {}

  Result<std::unique_ptr<Office>> open(Term) override { return std::unique_ptr<Office>(new Borrowed(*this)); }

 private:
  class Borrowed final : public Office {
   public:
    explicit Borrowed(StandingOffices& from) : from_(from) {}
    Control& control() override { return from_.control_; }
    Catalogue& catalogue() override { return from_.catalogue_; }

   private:
    StandingOffices& from_;
  };

  Control& control_;
  Catalogue& catalogue_;
};

}  // namespace godwit::test
