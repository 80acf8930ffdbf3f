"""SQLAlchemy, an ORM, over psycopg2: what it asks at the start, sessions, relations, bulk writes. libpq's environment."""

import sqlalchemy
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()


class Customer(Base):
    __tablename__ = "orm_customers"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    name = sqlalchemy.Column(sqlalchemy.String(50), nullable=False, unique=True)
    orders = relationship("Order", cascade="all, delete-orphan", order_by="Order.id")


class Order(Base):
    __tablename__ = "orm_orders"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    customer_id = sqlalchemy.Column(sqlalchemy.ForeignKey("orm_customers.id", ondelete="CASCADE"), nullable=False)
    total = sqlalchemy.Column(sqlalchemy.Numeric(10, 2), nullable=False)


def told(*what):
    print(*what, sep=" | ", flush=True)


def work(engine):
    with Session(engine) as session:
        session.add_all([Customer(name=name, orders=[Order(total=n) for n in range(3)]) for name in ("Ana", "Bo")])
        session.commit()
        ana = session.query(Customer).filter_by(name="Ana").one()
        told("orders", [str(order.total) for order in ana.orders])
        ana.orders.pop()
        session.commit()
        session.delete(ana)
        session.flush()
        told("in the transaction", session.query(Order).count())
        session.rollback()
        session.add(Customer(name="Ana"))
        try:
            session.commit()
        except sqlalchemy.exc.IntegrityError as error:
            told("refused", error.orig.pgcode)
            session.rollback()
        session.bulk_save_objects([Order(customer_id=1, total=n) for n in range(500)])
        session.query(Order).filter(Order.total > 400).update({"total": 0}, synchronize_session=False)
        session.commit()
        rows = sqlalchemy.select(Customer.name, sqlalchemy.func.count(), sqlalchemy.func.sum(Order.total))
        rows = rows.join(Order).group_by(Customer.name).order_by(Customer.name)
        told("sums", session.execute(rows).all())


database = sqlalchemy.create_engine("postgresql+psycopg2://", pool_pre_ping=True)
Base.metadata.create_all(database)
work(database)
told("tables", sorted(name for name in sqlalchemy.inspect(database).get_table_names() if name.startswith("orm_")))
told("keys", sqlalchemy.inspect(database).get_foreign_keys("orm_orders"))
Base.metadata.drop_all(database)
